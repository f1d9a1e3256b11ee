import type { Cell, Connection, Statement } from './driver.js';
import { STATEMENT_ROWS } from './batched-statement.js';

/** Cells of a row as added: position, stream, version, type, time, data, metadata. */
const COLUMNS = 7;
const [TYPE, DATA, METADATA] = [3, 5, 6] as const;

/** Bytes that fit into the packed lengths, see {@link packedSql}. Longer texts are bound one by one. */
const LONGEST_TYPE = 0xff;
const LONGEST_TEXT = 0xfff;

/**
 * Inserts events, many in a statement.
 *
 * Handing a text to SQLite costs three times as much as a number, and more than writing the row. So the texts of all
 * rows go over as one, and a number a row says where its own are. That halves the cost of an event, the commonest row.
 */
export class EventInserts {
  private cells: Cell[] = [];
  private readonly packed: Statement[] = [];
  private readonly plain: Statement[] = [];

  constructor(private readonly connection: Connection) {}

  /** Adds a row; nothing happens until {@link run}. Positions grow. */
  add(position: number, stream: number, version: number, type: string, at: number, data: Cell, metadata: Cell): void {
    this.cells.push(position, stream, version, type, at, data, metadata);
  }

  /** Writes the rows added since the last time. */
  run(): void {
    const { cells } = this;
    this.cells = [];
    let at = 0;
    for (const [index, rows] of STATEMENT_ROWS.entries()) {
      const length = rows * COLUMNS;
      for (; cells.length - at >= length; at += length) this.write(index, rows, cells, at);
    }
  }

  /** Forgets the rows added. */
  discard(): void {
    this.cells = [];
  }

  private write(index: number, rows: number, cells: readonly Cell[], at: number): void {
    const packed = pack(cells, at, rows);
    if (packed === undefined) {
      const statement = (this.plain[index] ??= this.connection.prepare(plainSql(rows)));
      statement.run(cells.slice(at, at + rows * COLUMNS));
    } else {
      const statement = (this.packed[index] ??= this.connection.prepare(packedSql(rows)));
      statement.run(packed);
    }
  }
}

const INSERT = 'INSERT INTO events (position, stream_id, version, type, at, data, metadata)';

function plainSql(rows: number): string {
  return `${INSERT} VALUES ${Array.from({ length: rows }, () => '(?, ?, ?, ?, ?, ?, ?)').join(', ')}`;
}

/**
 * `?1` the bytes of all texts, `?2` the first position; a row: stream, version, time, and in one number, from its low end,
 * 12 bits for the length of the metadata (0: there is none), 12 of the data, 8 of the type; the rest is where they begin.
 */
function packedSql(rows: number): string {
  const values = Array.from({ length: rows }, (_, row) => `(${row}, ?, ?, ?, ?)`).join(', ');
  const text = (from: string, length: string): string => `CAST(substr(?1, ${from}, ${length}) AS TEXT)`;
  const [begin, type, data, metadata] = [
    '(column5 >> 32)',
    '((column5 >> 24) & 255)',
    '((column5 >> 12) & 4095)',
    '(column5 & 4095)',
  ] as const;
  return `${INSERT} SELECT ?2 + column1, column2, column3, ${text(begin, type)}, column4,
    ${text(`${begin} + ${type}`, data)},
    CASE WHEN ${metadata} > 0 THEN ${text(`${begin} + ${type} + ${data}`, metadata)} END
    FROM (VALUES ${values})`;
}

/** The cells of the packed statement; undefined where a row is not all text or too long, or positions are missing. */
function pack(cells: readonly Cell[], at: number, rows: number): Cell[] | undefined {
  const end = at + rows * COLUMNS;
  if ((cells[end - COLUMNS] as number) !== (cells[at] as number) + rows - 1) return undefined;
  let text = '';
  for (let row = at; row < end; row += COLUMNS) {
    const data = cells[row + DATA];
    const metadata = cells[row + METADATA];
    if (typeof data !== 'string' || metadata === '' || (metadata !== null && typeof metadata !== 'string')) {
      return undefined;
    }
    text += cells[row + TYPE] as string;
    text += data;
    if (metadata !== null) text += metadata;
  }
  const bytes = Buffer.from(text);
  const packed: Cell[] = [bytes, cells[at] as number];
  // One byte a character, as nearly always: no need to count.
  const lengthOf = bytes.length === text.length ? charactersOf : bytesOf;
  let begin = 1; // SQL counts from 1
  for (let row = at; row < end; row += COLUMNS) {
    const type = lengthOf(cells[row + TYPE] as string);
    const data = lengthOf(cells[row + DATA] as string);
    const metadata = lengthOf(cells[row + METADATA] as string | null);
    if (type > LONGEST_TYPE || data > LONGEST_TEXT || metadata > LONGEST_TEXT) return undefined;
    const lengths = ((begin * 256 + type) * 4_096 + data) * 4_096 + metadata;
    packed.push(cells[row + 1] as number, cells[row + 2] as number, cells[row + 4] as number, lengths);
    begin += type + data + metadata;
  }
  return packed;
}

function charactersOf(text: string | null): number {
  return text === null ? 0 : text.length;
}

function bytesOf(text: string | null): number {
  return text === null ? 0 : Buffer.byteLength(text);
}
