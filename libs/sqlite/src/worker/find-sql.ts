import type { IdRange } from './created-range.js';
import type { Cell } from './driver.js';
import { storedTag } from './record-state.js';
import type { Query } from './protocol.js';

/** Columns of {@link Query} `record` and `find`. */
export const RECORD = 'r.id, r.key, r.version, r.value, r.tags, r.created_at, r.updated_at, r.due_at, r.expires_at';

/** A statement and its cells. */
export interface Sql {
  readonly sql: string;
  readonly cells: readonly Cell[];
}

/**
 * The statement of a search. The text depends only on which conditions there are, so few different statements exist.
 *
 * `CROSS JOIN` tells SQLite to start at the left: at the due times, at the first of `tags`, or at the records in the
 * order of creation, whichever narrows the search first.
 *
 * @param ids where the records of the asked-for time of creation are
 */
export function findSql(query: Query & { kind: 'find' }, now: number, tags: readonly string[], ids: IdRange): Sql {
  const byDue = query.order === 'due' || query.dueBefore !== null;
  const cells: Cell[] = [];
  const where: string[] = [];
  const condition = (sql: string, ...values: Cell[]): void => {
    where.push(sql);
    cells.push(...values);
  };
  const from = source(byDue, tags.length);
  if (!byDue)
    for (const [index, tag] of tags.entries()) condition(`t${index}.tag = ?`, storedTag(query.collection, tag));
  const id = byDue || tags.length === 0 ? 'r.id' : 't0.record_id';
  condition('r.collection = ?', query.collection);
  condition('(r.expires_at IS NULL OR r.expires_at > ?)', now);
  if (byDue) {
    condition('r.due_at IS NOT NULL');
    for (const tag of tags) {
      condition(
        'EXISTS (SELECT 1 FROM record_tags t WHERE t.tag = ? AND t.record_id = r.id)',
        storedTag(query.collection, tag),
      );
    }
  }
  if (query.dueBefore !== null) condition('r.due_at <= ?', query.dueBefore);
  if (query.createdFrom !== null) condition('r.created_at >= ?', query.createdFrom);
  if (query.createdBefore !== null) condition('r.created_at < ?', query.createdBefore);
  if (ids.first !== null) condition(`${id} >= ?`, ids.first);
  if (ids.end !== null) condition(`${id} < ?`, ids.end);
  if (query.after !== null) after(query.order, query.after, id, condition);
  cells.push(query.limit);
  return {
    sql: `SELECT ${RECORD} FROM ${from} WHERE ${where.join(' AND ')} ORDER BY ${order(query.order, id)} LIMIT ?`,
    cells,
  };
}

function source(byDue: boolean, tags: number): string {
  if (byDue) return 'records r INDEXED BY records_due';
  if (tags === 0) return 'records r INDEXED BY records_created';
  const joins = Array.from({ length: tags }, (_, index) =>
    index === 0 ? 'record_tags t0' : `record_tags t${index} ON t${index}.record_id = t0.record_id`,
  );
  return `${joins.join(' CROSS JOIN ')} CROSS JOIN records r ON r.id = t0.record_id`;
}

function after(
  orderName: string,
  place: { readonly sequence: number; readonly dueAt: number },
  id: string,
  condition: (sql: string, ...values: Cell[]) => void,
): void {
  if (orderName === 'oldest') condition(`${id} > ?`, place.sequence);
  else if (orderName === 'newest') condition(`${id} < ?`, place.sequence);
  else condition('(r.due_at, r.id) > (?, ?)', place.dueAt, place.sequence);
}

function order(name: string, id: string): string {
  if (name === 'due') return 'r.due_at, r.id';
  return name === 'newest' ? `${id} DESC` : id;
}
