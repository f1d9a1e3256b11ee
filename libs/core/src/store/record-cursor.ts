import { InvalidCursorError } from './store.errors.js';
import type { RecordQuery } from './store.js';

/** The order of a query with its default filled in. */
export type RecordOrder = NonNullable<RecordQuery['order']>;

/** Where a page ended: the place of its last record in the order of the query. */
export interface RecordPlace {
  /** Number of the record in the order of creation. */
  readonly sequence: number;
  /** Its due time, for the order `due`; otherwise 0. */
  readonly dueAt: number;
}

/** Writes a cursor. For authors of stores. */
export function writeRecordCursor(order: RecordOrder, place: RecordPlace): string {
  return order === 'due' ? `due:${place.dueAt}:${place.sequence}` : `${order}:${place.sequence}`;
}

/**
 * Reads the cursor of a query; undefined when it has none. For authors of stores.
 *
 * @throws {InvalidCursorError} when the text is no cursor, or one of another order.
 */
export function readRecordCursor(query: RecordQuery): RecordPlace | undefined {
  if (query.cursor === undefined) return undefined;
  const order = query.order ?? 'oldest';
  const match = /^(oldest|newest|due)(?::(-?[\d.]+))?:(\d+)$/.exec(query.cursor);
  if (match?.[1] !== order || (match[2] !== undefined) !== (order === 'due')) {
    throw new InvalidCursorError(query.cursor, order);
  }
  return { sequence: Number(match[3]), dueAt: Number(match[2] ?? 0) };
}
