import {
  readRecordCursor,
  writeRecordCursor,
  type RecordPage,
  type RecordQuery,
  type StoredEvent,
  type StoredRecord,
} from '@catga/core';
import type { Cell } from './worker/driver.js';
import type { Query } from './worker/protocol.js';

type Row = readonly Cell[];

/** An event of a row of worker/reader.ts. */
export function toEvent(row: Row): StoredEvent {
  const [position, stream, version, type, at, data, metadata] = row;
  const event = {
    stream: stream as string,
    version: version as number,
    position: position as number,
    type: type as string,
    data,
    at: at as number,
  };
  return metadata === null ? event : { ...event, metadata };
}

/** A record of a row of worker/reader.ts. */
export function toRecord(collection: string, row: Row): StoredRecord {
  const [, key, version, value, tags, createdAt, updatedAt, dueAt, expiresAt] = row;
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
export function toPage(query: RecordQuery, rows: readonly Row[]): RecordPage {
  const { collection, order = 'oldest', limit = 100 } = query;
  const records = rows.slice(0, limit).map((row) => toRecord(collection, row));
  const last = rows[limit - 1];
  if (rows.length <= limit || last === undefined) return { records };
  return {
    records,
    cursor: writeRecordCursor(order, { sequence: Number(last[0]), dueAt: Number(last[7] ?? 0) }),
  };
}
