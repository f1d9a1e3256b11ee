import type { AppendCondition, CommitBatch, NewEvent, RecordWrite, StreamChange } from '@catga/core';
import type { SnapshotNote } from '../snapshot/snapshot-book.js';
import { sectionSize, sizePayload, type PayloadSection, type SizedPayload } from './payload-section.js';

/** `[type]`, or `[type, has metadata, at, tags]`. */
type WireEvent = readonly [string, (0 | 1)?, (number | null)?, (readonly string[])?];
type WireAppend = readonly [stream: string, expected: CommitBatchVersion, events: readonly WireEvent[]];
type CommitBatchVersion = number | 'any' | 'no-stream' | 'stream-exists';
/** `[collection, key, is written, if version, due at, expires at, tags]`; the end may be left out. */
type WireRecord = readonly [string, string, 0 | 1, WireNumber, WireNumber, WireNumber?, (readonly string[])?];
/** JSON writes null for what is left out. */
type WireNumber = number | null | undefined;

/** A commit without its payloads, which follow in the order: data and metadata of each event, value of each record. */
export interface WireCommit {
  /** No commit, but a note about snapshots. */
  readonly x?: SnapshotNote;
  readonly i?: string;
  readonly c?: readonly AppendCondition[];
  readonly d?: readonly string[];
  readonly s?: readonly StreamChange[];
  readonly a?: readonly WireAppend[];
  readonly r?: readonly WireRecord[];
}

/** A commit, ready to be put into a message with others. */
export interface EncodedCommit {
  /** See `CommitBatch.id`. */
  readonly id?: string;
  /** A {@link WireCommit} as JSON. */
  readonly text: string;
  readonly payloads: readonly SizedPayload[];
  /** Bytes that both take. */
  readonly size: number;
}

/** A note about snapshots in place of a commit. */
export function encodeNote(note: SnapshotNote): EncodedCommit {
  const text = JSON.stringify({ x: note } satisfies WireCommit);
  return { text, payloads: [], size: Buffer.byteLength(text) + 1 };
}

/** Payloads must be text or bytes. */
export function encodeCommit(batch: CommitBatch): EncodedCommit {
  const payloads: SizedPayload[] = [];
  const wire: WireCommit = {
    ...(batch.id !== undefined && { i: batch.id }),
    ...(batch.conditions !== undefined && { c: batch.conditions }),
    ...(batch.deleteStreams !== undefined && { d: batch.deleteStreams }),
    ...(batch.streams !== undefined && { s: batch.streams }),
    ...(batch.appends !== undefined && {
      a: batch.appends.map(({ stream, expectedVersion, events }) => {
        return [stream, expectedVersion, events.map((event) => wireEvent(event, payloads))] as const;
      }),
    }),
    ...(batch.records !== undefined && { r: batch.records.map((record) => wireRecord(record, payloads)) }),
  };
  const text = JSON.stringify(wire);
  let size = Buffer.byteLength(text) + 1;
  for (const payload of payloads) size += sectionSize(payload);
  return { text, payloads, size, ...(batch.id !== undefined && { id: batch.id }) };
}

function wireEvent({ type, data, metadata, at, tags }: NewEvent, payloads: SizedPayload[]): WireEvent {
  payloads.push(sizePayload(data));
  if (metadata !== undefined) payloads.push(sizePayload(metadata));
  const hasMetadata = metadata === undefined ? 0 : 1;
  if (tags !== undefined && tags.length > 0) return [type, hasMetadata, at ?? null, tags];
  if (at !== undefined) return [type, hasMetadata, at];
  return hasMetadata === 0 ? [type] : [type, 1];
}

function wireRecord(
  { collection, key, value, ifVersion, dueAt, expiresAt, tags = [] }: RecordWrite,
  payloads: SizedPayload[],
): WireRecord {
  if (value !== undefined) payloads.push(sizePayload(value));
  const isWritten = value === undefined ? 0 : 1;
  if (tags.length > 0) return [collection, key, isWritten, ifVersion, dueAt, expiresAt, tags];
  if (expiresAt !== undefined) return [collection, key, isWritten, ifVersion, dueAt, expiresAt];
  return [collection, key, isWritten, ifVersion, dueAt];
}

/** Reads the commits of one message in order, for their payloads follow each other. */
export class CommitReader {
  private next = 0;

  /** @param refer what stands for the data and metadata of an event whose data is payload `index` */
  constructor(
    private readonly payloads: PayloadSection,
    private readonly refer: (index: number, hasMetadata: boolean) => unknown,
  ) {}

  /** The batch as it was given, with references in place of what events carry. */
  read({ c, d, s, a, r }: WireCommit): CommitBatch {
    return {
      ...(c !== undefined && { conditions: c }),
      ...(d !== undefined && { deleteStreams: d }),
      ...(s !== undefined && { streams: s }),
      ...(a !== undefined && {
        appends: a.map(([stream, expectedVersion, events]) => {
          return { stream, expectedVersion, events: events.map((event) => this.event(event)) };
        }),
      }),
      ...(r !== undefined && { records: r.map((record) => this.record(record)) }),
    };
  }

  private event([type, hasMetadata = 0, at = null, tags]: WireEvent): NewEvent {
    const data = this.refer(this.next, hasMetadata === 1);
    this.next += 1 + hasMetadata;
    if (tags === undefined) return at === null ? { type, data } : { type, data, at };
    return { type, data, tags, ...(at !== null && { at }) };
  }

  private record([collection, key, isWritten, ifVersion, dueAt, expiresAt, tags]: WireRecord): RecordWrite {
    return {
      collection,
      key,
      ...(isWritten === 1 && { value: this.payloads.at(this.next++) }),
      ...(isGiven(ifVersion) && { ifVersion }),
      ...(isGiven(dueAt) && { dueAt }),
      ...(isGiven(expiresAt) && { expiresAt }),
      ...(tags !== undefined && { tags }),
    };
  }
}

function isGiven(value: WireNumber): value is number {
  return value !== null && value !== undefined;
}
