import {
  readRecordCursor,
  writeRecordCursor,
  type RecordPage,
  type RecordQuery,
  type StoredEvent,
  type StoredRecord,
} from '@catga/core';
import type { Cell } from './worker/driver.js';
import { ALL_CELLS, RECORD_CELLS, STREAM_CELLS, type Query } from './worker/protocol.js';

type Cells = readonly Cell[];

/** Events of the answer to a query `stream`, or, without the name of the stream, `all`. */
export function toEvents(cells: Cells, stream?: string): StoredEvent[] {
  const width = stream === undefined ? ALL_CELLS : STREAM_CELLS;
  const events: StoredEvent[] = [];
  for (let at = 0; at < cells.length; at += width) events.push(toEvent(cells, at, stream));
  return events;
}

function toEvent(cells: Cells, at: number, stream: string | undefined): StoredEvent {
  const metadata = cells[at + 5];
  const event = {
    stream: stream ?? (cells[at + 6] as string),
    version: cells[at] as number,
    position: cells[at + 1] as number,
    type: cells[at + 2] as string,
    data: cells[at + 4],
    at: cells[at + 3] as number,
  };
  return metadata === null ? event : { ...event, metadata };
}

/** Records of the answer to a query `record` or `find`. */
export function toRecords(collection: string, cells: Cells): StoredRecord[] {
  const records: StoredRecord[] = [];
  for (let at = 0; at < cells.length; at += RECORD_CELLS)
    records.push(toRecord(collection, cells.slice(at, at + RECORD_CELLS)));
  return records;
}

function toRecord(collection: string, cells: Cells): StoredRecord {
  const [, key, version, value, tags, createdAt, updatedAt, dueAt, expiresAt] = cells;
  return {
    collection,
    key: key as string,
    value,
    version: version as number,
    createdAt: createdAt as number,
    updatedAt: updatedAt as number,
    tags: typeof tags === 'string' ? (JSON.parse(tags) as string[]) : [],
    ...(typeof dueAt === 'number' ? { dueAt } : undefined),
    ...(typeof expiresAt === 'number' ? { expiresAt } : undefined),
  };
}

/** The worker's form of a query. Asks for one record more, to know whether there is a next page. */
export function toFind(query: RecordQuery): Query {
  const { collection, tags = [], dueBefore = null, createdFrom = null, createdBefore = null } = query;
  const { order = 'oldest', limit = 100 } = query;
  return {
    kind: 'find',
    collection,
    tags: [...new Set(tags)],
    dueBefore,
    createdFrom,
    createdBefore,
    order,
    limit: Number.isFinite(limit) ? limit + 1 : -1,
    after: readRecordCursor(query) ?? null,
  };
}

/** The page that answers {@link toFind}. */
export function toPage(query: RecordQuery, cells: Cells): RecordPage {
  const { collection, order = 'oldest', limit = 100 } = query;
  const found = toRecords(collection, cells);
  const records = found.slice(0, limit);
  const last = records.at(-1);
  if (found.length <= limit || last === undefined) return { records };
  const sequence = Number(cells[(limit - 1) * RECORD_CELLS]);
  return { records, cursor: writeRecordCursor(order, { sequence, dueAt: last.dueAt ?? 0 }) };
}
