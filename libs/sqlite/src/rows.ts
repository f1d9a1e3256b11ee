import { readRecordCursor, writeRecordCursor, type RecordPage, type RecordQuery, type StoredRecord } from '@catga/core';
import type { Cell } from './worker/driver.js';
import { RECORD_CELLS, type Query } from './worker/protocol.js';

type Cells = readonly Cell[];

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
