import type { IncomingMessage } from '@catga/core';
import { decodeMessage } from './message-format.js';

/** Where a message comes from: the queue of those without a key, or the number of a partition. */
export type Source = string;

/** The queue of messages without a key. */
export const LOOSE: Source = 'u';

/** A message that a member has fetched. */
export interface Delivery {
  readonly source: Source;
  /** Of its entry in the queue. */
  readonly id: string;
  /** Attempts made before, as far as anybody knows. */
  attempts: number;
  /** A member that died may have begun it: noted before it is begun again, until it has come to an end once. */
  isSuspect: boolean;
  readonly message: Omit<IncomingMessage, 'attempt'>;
  /** Bytes, about. */
  readonly size: number;
}

/** An entry of a stream as the server gives it. */
export type Entry = [id: Buffer, fields: Buffer[]];

/** The fields of an entry. */
export function fieldsOf(fields: readonly Buffer[]): Map<string, Buffer> {
  const map = new Map<string, Buffer>();
  for (let i = 0; i + 1 < fields.length; i += 2) map.set(fields[i]!.toString(), fields[i + 1]!);
  return map;
}

/**
 * @param tracked attempts that somebody has noted, or nothing
 * @param suspect up to which id a dead owner had read: it may have begun those
 */
export function toDelivery(source: Source, [rawId, raw]: Entry, tracked: string, suspect: string): Delivery {
  const id = rawId.toString();
  const fields = fieldsOf(raw);
  const [header, body] = [fields.get('h')!, fields.get('b')!];
  const before = Number(fields.get('a')?.toString() ?? 0);
  const isSuspect = fields.has('x') || !isAfter(id, suspect);
  const attempts = tracked === '' ? Math.max(before, isSuspect ? 1 : 0) : Number(tracked);
  const publishedAt = Number(fields.get('t')?.toString() ?? id.slice(0, id.indexOf('-')));
  return {
    source,
    id,
    attempts,
    isSuspect,
    message: { ...decodeMessage(header, body), publishedAt },
    size: header.length + body.length + 200,
  };
}

/** Whether one id of an entry comes after another; everything comes after none. */
export function isAfter(id: string, other: string): boolean {
  if (other === '') return true;
  const [time, number] = id.split('-').map(Number) as [number, number];
  const [otherTime, otherNumber] = other.split('-').map(Number) as [number, number];
  return time > otherTime || (time === otherTime && number > otherNumber);
}
