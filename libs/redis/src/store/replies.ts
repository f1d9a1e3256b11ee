import type { StoredEvent, StoredRecord, StreamInfo } from '@catga/core';
import { stateOf } from './commit-arguments.js';
import { toPayload } from './payload.js';

/** An entry of the log: its id, and names and values of its fields. */
type Entry = readonly [id: Buffer, fields: readonly Buffer[]];

/** A number that was sent as text. */
export function toNumber(text: Buffer | undefined): number {
  return Number((text as Buffer).toString('latin1'));
}

/** The event of an entry. Fields come in this order: stream, version, type, time, data, metadata, tags. */
export function toEvent([id, fields]: Entry): StoredEvent {
  const [, stream, , version, , type, , at, , data, , metadata, , tags] = fields;
  return {
    stream: (stream as Buffer).toString(),
    version: toNumber(version),
    position: Number.parseInt(id.toString('latin1'), 10),
    type: (type as Buffer).toString(),
    data: toPayload(data as Buffer),
    ...(metadata !== undefined && metadata.length > 0 && { metadata: toPayload(metadata) }),
    at: toNumber(at),
    ...(tags !== undefined && { tags: JSON.parse(tags.toString()) as string[] }),
  };
}

/** Events among what else is in a reply. */
export function toEvents(reply: readonly unknown[], from: number): StoredEvent[] {
  return reply.slice(from).map((entry) => toEvent(entry as Entry));
}

/** A record and its number in the order of creation. */
export interface NumberedRecord {
  readonly record: StoredRecord;
  readonly sequence: number;
}

/** The record of a reply. */
export function toRecord(collection: string, reply: readonly Buffer[]): NumberedRecord {
  const [key, value, version, sequence, createdAt, updatedAt, dueAt, expiresAt, tags] = reply;
  const record: StoredRecord = {
    collection,
    key: (key as Buffer).toString(),
    value: toPayload(value as Buffer),
    version: toNumber(version),
    createdAt: toNumber(createdAt),
    updatedAt: toNumber(updatedAt),
    ...(dueAt?.length && { dueAt: toNumber(dueAt) }),
    tags: tags?.length ? (JSON.parse(tags.toString()) as string[]) : [],
    ...(expiresAt?.length && { expiresAt: toNumber(expiresAt) }),
  };
  return { record, sequence: toNumber(sequence) };
}

/** What is known of a stream; undefined when there is none. */
export function toStreamInfo(stream: string, reply: unknown): StreamInfo | undefined {
  const [version, firstVersion, state] = reply as readonly [Buffer, Buffer, number];
  if (toNumber(version) === 0) return undefined;
  return { stream, version: toNumber(version), firstVersion: toNumber(firstVersion), state: stateOf(state) };
}
