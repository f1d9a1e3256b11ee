import type { Cell, Connection } from './driver.js';
import type { Query } from './protocol.js';

/** Events a piece: reading this many keeps the main thread for well under a millisecond. */
const PIECE = 250;
/** A shorter read is not worth a statement that packs. */
const WORTH_IT = 8;

/** Rows as the text of one list of all their cells. */
export interface Piece {
  readonly rows: number;
  readonly text: string;
}

type StreamQuery = Query & { readonly kind: 'stream' };

/** Runs a statement and gives its one row. */
type First = (sql: string, cells: readonly Cell[]) => Cell[] | undefined;

/** Its range of versions, the lower end first. */
export function streamRange({ from, to, backward }: StreamQuery): [low: number, high: number] {
  const [low, high] = backward ? [to, from] : [from, to];
  return [low ?? 1, high ?? Number.MAX_SAFE_INTEGER];
}

/** The statement of a read of one stream, for these columns. */
export function streamSql(columns: string, { since, until, backward }: StreamQuery): string {
  const times = since === null && until === null ? '' : 'AND e.at >= ? AND e.at <= ?';
  return `SELECT ${columns} FROM streams s CROSS JOIN events e ON e.stream_id = s.id WHERE s.name = ? AND s.state < 2
    AND e.version >= ? AND e.version <= ? ${times} ORDER BY e.version ${backward ? 'DESC' : 'ASC'} LIMIT ?`;
}

/** The cells of {@link streamSql}. */
export function streamCells({ stream, since, until }: StreamQuery, low: number, high: number, limit: number): Cell[] {
  const times = since === null && until === null ? [] : [since ?? -Number.MAX_VALUE, until ?? Number.MAX_VALUE];
  return [stream, low, high, ...times, limit];
}

const text = (column: string): string => `json_quote(CASE typeof(${column}) WHEN 'blob' THEN NULL ELSE ${column} END)`;
const ROW = ['version', 'position', 'json_quote(type)', 'at', text('data'), text('metadata'), 'json_quote(tags)'];
/** Few cells instead of many: how many rows, the first and the last version, whether there are bytes, and all rows. */
const PACKED = `count(*), min(version), max(version), total(typeof(data) = 'blob' OR typeof(metadata) = 'blob'),
  '[' || group_concat(${ROW.join(` || ',' || `)}) || ']'`;

/**
 * The cells of a stream as JSON texts, a piece each: SQLite packs them, and a text costs little on its way through the
 * library and to the other thread, where each cell by itself would cost as much as reading it. Undefined when that is not
 * worth it, or there are bytes among the payloads.
 */
export function readPacked(connection: Connection, query: StreamQuery, first: First): Piece[] | undefined {
  if (query.limit >= 0 && query.limit < WORTH_IT) return undefined;
  // One snapshot for all pieces.
  connection.exec('BEGIN');
  try {
    return readPieces(query, first);
  } finally {
    connection.exec('COMMIT');
  }
}

function readPieces(query: StreamQuery, first: First): Piece[] | undefined {
  const sql = `SELECT ${PACKED} FROM (${streamSql('e.*', query)})`;
  const pieces: Piece[] = [];
  let [low, high] = streamRange(query);
  for (let left = query.limit < 0 ? Number.MAX_SAFE_INTEGER : query.limit; left > 0;) {
    const wanted = Math.min(left, PIECE);
    const [count, lowest, highest, bytes, text] = first(sql, streamCells(query, low, high, wanted)) ?? [];
    if (bytes !== 0) return undefined;
    if (typeof text === 'string') pieces.push({ rows: Number(count), text });
    if (Number(count) < wanted) break;
    left -= wanted;
    if (query.backward) high = Number(lowest) - 1;
    else low = Number(highest) + 1;
  }
  return pieces;
}
