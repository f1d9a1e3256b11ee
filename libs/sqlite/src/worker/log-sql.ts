import type { FilterRow } from './batch-extras.js';
import type { Cell } from './driver.js';
import type { Sql } from './find-sql.js';
import type { Query } from './protocol.js';

/** Columns of an event in the answers to {@link Query} `stream` and `all`. */
export const EVENT = 'e.version, e.position, e.type, e.at, e.data, e.metadata, e.tags';

/** `streams.name` up to its first `-`. */
const CATEGORY = `substr(s.name, 1, instr(s.name || '-', '-') - 1)`;

/** The part of the log that a search is about. */
interface Range {
  readonly after: number;
  /** Null: to the end. */
  readonly before: number | null;
  readonly backward: boolean;
  readonly closed: boolean;
  /** Negative: no limit. */
  readonly limit: number;
}

/** The statement of a read of the log. Its text depends on the shape of the query only, not on how many names it has. */
export function readAllSql(query: Query & { kind: 'all' }): Sql {
  const { filters, backward, limit } = query;
  const order = (position: string): string => `ORDER BY ${position}${backward ? ' DESC' : ''} LIMIT ?`;
  if (filters !== null && filters.length > 1 && byTags(filters)) {
    const { sql, cells } = positionsSql(filters, query);
    return {
      sql: `SELECT ${EVENT}, s.name FROM (${sql}) p CROSS JOIN events e ON e.position = p.position CROSS JOIN streams s ON s.id = e.stream_id ${order('p.position')}`,
      cells: [...cells, limit],
    };
  }
  const { sql, cells, position } = search(filters, query);
  return { sql: `SELECT ${EVENT}, s.name ${sql} ${order(position)}`, cells: [...cells, limit] };
}

/** The position of an event after `after` that matches, whatever the state of its stream. */
export function anyAfterSql(filters: readonly FilterRow[], after: number): Sql {
  const range: Range = { after, before: null, backward: false, closed: true, limit: 1 };
  if (filters.length > 1 && byTags(filters)) return positionsSql(filters, range);
  const { sql, cells, position } = search(filters, range);
  return { sql: `SELECT ${position} ${sql} ORDER BY ${position} LIMIT 1`, cells };
}

/** Whether the index of tags leads to everything that matches: no need to look at all events then. */
function byTags(filters: readonly FilterRow[]): boolean {
  return filters.every(({ tags }) => tags.length > 0);
}

/** Positions that match any of the filters: each search runs along the index of tags, SQLite merges them. */
function positionsSql(filters: readonly FilterRow[], range: Range): Sql {
  const parts = filters.map((filter) => search([filter], range));
  const union = parts.map(({ sql, position }) => `SELECT ${position} AS position ${sql}`).join(' UNION ');
  return {
    sql: `${union} ORDER BY position${range.backward ? ' DESC' : ''} LIMIT ?`,
    cells: [...parts.flatMap(({ cells }) => cells), range.limit],
  };
}

/** `FROM … WHERE …`, and the column whose index it runs along: sorted by any other one, SQLite would sort it all. */
interface Search extends Sql {
  readonly position: string;
}

/** A search over `e` and `s`. `CROSS JOIN` keeps SQLite on the way from left to right. */
function search(filters: readonly FilterRow[] | null, { after, before, closed }: Range): Search {
  const cells: Cell[] = [];
  const where: string[] = [];
  const condition = (sql: string, ...values: Cell[]): void => {
    where.push(sql);
    cells.push(...values);
  };
  const [only] = filters ?? [];
  const tags = filters?.length === 1 ? (only?.tags ?? []) : [];
  const joins = tags.map((_, index) =>
    index === 0 ? 'event_tags t0' : `event_tags t${index} ON t${index}.position = t0.position`,
  );
  const from = [
    ...joins,
    tags.length > 0 ? 'events e ON e.position = t0.position' : 'events e',
    'streams s ON s.id = e.stream_id',
  ];
  for (const [index, tag] of tags.entries()) condition(`t${index}.tag = ?`, tag);
  const position = tags.length > 0 ? 't0.position' : 'e.position';
  condition(`${position} > ?`, after);
  if (before !== null) condition(`${position} < ?`, before);
  if (!closed) condition('s.state = 0');
  if (filters !== null) {
    const either = filters.map((filter) => filterSql(filter, tags.length > 0));
    condition(either.length === 0 ? '0' : `(${either.map(({ sql }) => sql).join(' OR ')})`);
    for (const each of either) cells.push(...each.cells);
  }
  return { sql: `FROM ${from.join(' CROSS JOIN ')} WHERE ${where.join(' AND ')}`, cells, position };
}

function filterSql({ types, categories, tags }: FilterRow, tagsJoined: boolean): Sql {
  const cells: Cell[] = [];
  const where: string[] = ['1'];
  if (types !== null) {
    where.push('e.type IN (SELECT value FROM json_each(?))');
    cells.push(JSON.stringify(types));
  }
  if (categories !== null) {
    where.push(`${CATEGORY} IN (SELECT value FROM json_each(?))`);
    cells.push(JSON.stringify(categories));
  }
  if (!tagsJoined) {
    for (const tag of tags) {
      where.push('EXISTS (SELECT 1 FROM event_tags t WHERE t.tag = ? AND t.position = e.position)');
      cells.push(tag);
    }
  }
  return { sql: `(${where.join(' AND ')})`, cells };
}
