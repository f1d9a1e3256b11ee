import type { StoredEvent, StoredRecord, StreamInfo } from '@catga/core';
import { stateOf } from './commit-arguments.js';
import { toPayload } from './payload.js';

/** A number, sent as one or as text. */
export function toNumber(number: unknown): number {
  return typeof number === 'number' ? number : Number((number as Buffer).toString('latin1'));
}

/** Each event has eight lengths before its texts: position, stream, version, type, time, data, metadata, tags. */
const LENGTHS = 8;

/** Reads events from the one value that a script made of them. */
export function toEvents(reply: Buffer): StoredEvent[] {
  const events: StoredEvent[] = [];
  for (let place = 0; place < reply.length;) {
    let start = place + LENGTHS * 4;
    const bounds: number[] = [start];
    for (; place < (bounds[0] as number); place += 4) bounds.push((start += reply.readUInt32BE(place)));
    events.push(toEvent(reply, bounds as Bounds));
    place = start;
  }
  return events;
}

/** Where the eight texts begin, and where the last one ends. */
type Bounds = [number, number, number, number, number, number, number, number, number];

function toEvent(reply: Buffer, [id, stream, version, type, at, data, metadata, tags, end]: Bounds): StoredEvent {
  return {
    stream: reply.toString('utf8', stream, version),
    version: digits(reply, version, type),
    position: digits(reply, id, stream),
    type: reply.toString('utf8', type, at),
    data: toPayload(reply, data, metadata),
    ...(tags > metadata && { metadata: toPayload(reply, metadata, tags) }),
    at: Number(reply.toString('latin1', at, data)),
    ...(end > tags && { tags: JSON.parse(reply.toString('utf8', tags, end)) as string[] }),
  };
}

/** A whole number up to the first byte that is no digit: ids of the log end in `-0`. */
function digits(reply: Buffer, start: number, end: number): number {
  let number = 0;
  for (let place = start; place < end; place++) {
    const digit = (reply[place] as number) - 48;
    if (digit < 0) break;
    number = number * 10 + digit;
  }
  return number;
}

/** A record and its number in the order of creation. */
export interface NumberedRecord {
  readonly record: StoredRecord;
  readonly sequence: number;
}

/** The record of a reply. */
export function toRecord(collection: string, reply: readonly unknown[]): NumberedRecord {
  const [key, value, version, sequence, createdAt, updatedAt, dueAt, expiresAt, tags] = reply;
  const record: StoredRecord = {
    collection,
    key: (key as Buffer).toString(),
    value: toPayload(value as Buffer, 0, (value as Buffer).length),
    version: toNumber(version),
    createdAt: toNumber(createdAt),
    updatedAt: toNumber(updatedAt),
    ...(isGiven(dueAt) && { dueAt: toNumber(dueAt) }),
    tags: isGiven(tags) ? (JSON.parse((tags as Buffer).toString()) as string[]) : [],
    ...(isGiven(expiresAt) && { expiresAt: toNumber(expiresAt) }),
  };
  return { record, sequence: toNumber(sequence) };
}

/** Empty text stands for what was left out. */
function isGiven(value: unknown): boolean {
  return typeof value === 'number' || (value as Buffer).length > 0;
}

/** What is known of a stream; undefined when there is none. */
export function toStreamInfo(stream: string, reply: unknown): StreamInfo | undefined {
  const [version, firstVersion, state] = reply as readonly [Buffer, Buffer, number];
  if (toNumber(version) === 0) return undefined;
  return { stream, version: toNumber(version), firstVersion: toNumber(firstVersion), state: stateOf(state) };
}
