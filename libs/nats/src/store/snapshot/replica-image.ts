import type { CommitResult, ImageRow } from '@catga/core';
import type { CommitIdsDump } from '../commit-ids.js';
import { refSequence, type EventRef } from '../event-ref.js';
import type { PartDump } from '../part-assembly.js';
import type { PayloadCache } from '../payload-cache.js';
import type { Replica } from '../replica.js';
import type { SenderDump } from '../sender-memory.js';
import type { SequenceSet } from './sequence-set.js';
import type { SnapshotBookDump } from './snapshot-book.js';

/** A piece of a replica; all pieces in their order are the replica. */
export type ReplicaRow =
  | {
      readonly kind: 'replica';
      readonly sequence: number;
      readonly time: number;
      readonly book: SnapshotBookDump;
      readonly idsSince: number;
    }
  | { readonly kind: 'senders'; readonly senders: readonly SenderDump[] }
  | { readonly kind: 'ids'; readonly age: 'young' | 'old'; readonly ids: readonly (readonly [string, CommitResult])[] }
  | { readonly kind: 'spans'; readonly spans: readonly (readonly [number, readonly number[]])[] }
  | { readonly kind: 'part'; readonly part: PartDump }
  | ImageRow;

/** Entries in one row. */
const ENTRIES = 500;

/**
 * Everything a replica knows at the moment of the call, row by row. Messages may be applied while the rows are taken.
 *
 * @param live gets the sequences of all messages that are still needed for what is in the state
 */
export function dumpReplica(replica: Replica, live: SequenceSet): Iterable<ReplicaRow> {
  const { sequence, clock, book, senders, ids, payloads, parts, state } = replica;
  const { young, old, youngSince } = ids.dump();
  return rows(live, payloads, {
    head: { kind: 'replica', sequence, time: clock.last, book: book.dump(), idsSince: youngSince },
    senders: senders.dump(),
    parts: [...parts.dump()],
    state: state.dump(),
    ...{ young, old },
  });
}

interface Pieces extends Pick<CommitIdsDump, 'young' | 'old'> {
  readonly head: ReplicaRow;
  readonly senders: readonly SenderDump[];
  readonly parts: readonly PartDump[];
  readonly state: Iterable<ImageRow>;
}

function* rows(
  live: SequenceSet,
  payloads: PayloadCache,
  { head, senders, young, old, parts, state }: Pieces,
): Generator<ReplicaRow, undefined> {
  yield head;
  // First, because whoever ends this early ends it there, too.
  for (const row of state) {
    if (row.kind === 'events') for (const [, data] of row.events) live.add(refSequence(data as EventRef));
    yield row;
  }
  for (const some of inPieces(senders)) yield { kind: 'senders', senders: some };
  for (const some of inPieces(old)) yield { kind: 'ids', age: 'old', ids: some };
  for (const some of inPieces(young)) yield { kind: 'ids', age: 'young', ids: some };
  for (const part of parts) {
    for (const used of part.sequences) if (used !== null) live.add(used);
    yield { kind: 'part', part };
  }
  // Those that came meanwhile are none of what is live.
  const spans = payloads.dumpSpans().filter(([last]) => live.has(last));
  for (const [, all] of spans) for (const used of all) live.add(used);
  for (const some of inPieces(spans)) yield { kind: 'spans', spans: some };
  return undefined;
}

/** Puts rows into a replica that was empty before. Call the function for each of them, in their order. */
export function replicaLoader(replica: Replica): (row: ReplicaRow) => void {
  const addToState = replica.state.load();
  return (row) => {
    switch (row.kind) {
      case 'replica':
        replica.sequence = row.sequence;
        replica.clock.last = row.time;
        replica.book.load(row.book);
        replica.ids.load(row.idsSince);
        return;
      case 'senders':
        replica.senders.load(row.senders);
        return;
      case 'ids':
        for (const [id, answer] of row.ids) replica.ids.restore(row.age, id, answer);
        return;
      case 'spans':
        for (const [last, all] of row.spans) replica.payloads.addSpan(last, all);
        return;
      case 'part':
        replica.parts.restore(row.part);
        return;
      default:
        addToState(row);
    }
  };
}

function* inPieces<T>(entries: Iterable<T>): Iterable<readonly T[]> {
  let some: T[] = [];
  for (const entry of entries) {
    some.push(entry);
    if (some.length < ENTRIES) continue;
    yield some;
    some = [];
  }
  if (some.length > 0) yield some;
}
