import type { BatchExtras } from './batch-extras.js';
import { EXPECT, type CellReader } from './protocol.js';
import type { RecordRow } from './record-state.js';
import type { EventRow } from './stream-table.js';

/** Events for one stream, as the writer works with them. */
export interface AppendRows {
  readonly stream: string;
  /** A version, or one of {@link EXPECT}. */
  readonly expected: number;
  readonly events: readonly EventRow[];
}

/** One commit, as the writer works with it. */
export interface BatchRows {
  readonly appends: readonly AppendRows[];
  readonly records: readonly RecordRow[];
  readonly deletes: readonly string[];
  readonly extras: BatchExtras | undefined;
}

/** Reads the next commit of a request. `now` fills in times that were left out. */
export function readBatch(cells: CellReader, now: number): BatchRows {
  const first = cells.number();
  if (first >= 0) return readRows(cells, first, now, undefined);
  const extras = JSON.parse(cells.text()) as BatchExtras;
  const batch = readRows(cells, cells.number(), now, extras);
  for (const [append, index, tags] of extras.tags ?? []) {
    const event = batch.appends[append]?.events[index];
    if (event !== undefined) event.tags = tags;
  }
  return batch;
}

function readRows(cells: CellReader, appends: number, now: number, extras: BatchExtras | undefined): BatchRows {
  const [records, deletes] = [cells.number(), cells.number()];
  return {
    appends: times(appends, () => readAppend(cells, now)),
    records: times(records, () => readRecord(cells)),
    deletes: times(deletes, () => cells.text()),
    extras,
  };
}

/** Whether a stream at `actual` meets the expectation. */
export function meets(expected: number, actual: number): boolean {
  switch (expected) {
    case EXPECT.any:
      return true;
    case EXPECT['no-stream']:
      return actual === 0;
    case EXPECT['stream-exists']:
      return actual > 0;
    default:
      return expected === actual;
  }
}

function readAppend(cells: CellReader, now: number): AppendRows {
  const stream = cells.text();
  const expected = cells.number();
  return { stream, expected, events: times(cells.number(), () => readEvent(cells, now)) };
}

function readEvent(cells: CellReader, now: number): EventRow {
  const type = cells.text();
  const at = cells.number();
  return { type, at: at === -1 ? now : at, data: cells.next(), metadata: cells.next(), tags: none };
}

function readRecord(cells: CellReader): RecordRow {
  return {
    collection: cells.text(),
    key: cells.text(),
    value: cells.next(),
    ifVersion: cells.number(),
    dueAt: cells.next() as number | null,
    expiresAt: cells.next() as number | null,
    tags: times(cells.number(), () => cells.text()),
  };
}

function times<T>(count: number, make: () => T): T[] {
  const made: T[] = [];
  for (let index = 0; index < count; index++) made.push(make());
  return made;
}

const none: readonly never[] = Object.freeze([]);
