import { createdRange } from './created-range.js';
import type { Cell, Connection, Statement } from './driver.js';
import { toFault } from './fault.js';
import { FileConnection } from './file-connection.js';
import { payloadFromCell } from './payload-cell.js';
import { storedTag } from './record-state.js';
import type { Query, ReadReply, ReadRequest, WorkerSettings } from './protocol.js';
import { findSql, RECORD } from './find-sql.js';
import { EVENT, readAllSql } from './log-sql.js';
import { readPacked, streamCells, streamRange, streamSql, type Piece } from './packed-stream.js';
import { LAST } from './schema.js';

/** Rows an answer: receiving this many keeps the main thread for well under a millisecond. */
const ROWS_AT_ONCE = 250;

const EVENT_PAYLOADS = [4, 5];
const RECORD_PAYLOADS = [3];

/** Shapes of queries whose statements are kept; a program has a few dozen. */
const MOST_STATEMENTS = 200;

interface Open {
  readonly connection: Connection;
  readonly statements: Map<string, Statement>;
}

/** Answers queries on a connection of its own: WAL lets it read while the writer writes. */
export class Reader {
  private readonly file: FileConnection<Open>;
  /** Answers that go over in one message: a message costs each of the two threads as much as a small query. */
  private replies: ReadReply[] = [];
  private rows = 0;

  constructor(
    settings: WorkerSettings,
    private readonly post: (replies: readonly ReadReply[]) => void,
  ) {
    this.file = new FileConnection(settings, (connection) => ({ connection, statements: new Map() }));
  }

  answer(requests: readonly ReadRequest[]): void {
    for (const request of requests) this.answerOne(request);
    this.flush();
  }

  private answerOne({ id, query }: ReadRequest): void {
    try {
      const packed = this.packed(query);
      if (packed === undefined) return this.replyRows(id, this.run(query));
      const last = packed.at(-1);
      for (const piece of packed) this.reply({ id, cells: [], text: piece.text, more: piece !== last }, piece.rows);
      if (last === undefined) this.reply({ id, cells: [], more: false }, 0);
    } catch (error) {
      this.file.drop();
      this.reply({ id, cells: [], more: false, fault: toFault(error) }, 0);
    }
  }

  private replyRows(id: number, rows: readonly Cell[][]): void {
    let at = 0;
    for (; rows.length - at > ROWS_AT_ONCE; at += ROWS_AT_ONCE) {
      this.reply({ id, cells: rows.slice(at, at + ROWS_AT_ONCE).flat(), more: true }, ROWS_AT_ONCE);
    }
    this.reply({ id, cells: rows.slice(at).flat(), more: false }, rows.length - at);
  }

  private reply(reply: ReadReply, rows: number): void {
    this.replies.push(reply);
    this.rows += rows;
    if (this.rows >= ROWS_AT_ONCE) this.flush();
  }

  private flush(): void {
    const { replies } = this;
    if (replies.length === 0) return;
    this.replies = [];
    this.rows = 0;
    this.post(replies);
  }

  close(): void {
    this.file.close();
  }

  private run(query: Query): Cell[][] {
    const open = this.file.get();
    this.file.assertSameFile();
    switch (query.kind) {
      case 'stream':
        return payloads(this.stream(open, query), EVENT_PAYLOADS);
      case 'info':
        return this.one(
          open,
          `SELECT state, first_version, (SELECT max(version) FROM events WHERE stream_id = streams.id) FROM streams WHERE name = ?`,
          [query.stream],
        );
      case 'all': {
        // The head first: an event that comes in between is in the rows then.
        const head = this.one(open, `SELECT ${LAST.position} FROM counters`, []);
        const { sql, cells } = readAllSql(query);
        return [...head, ...payloads(this.all(open, sql, cells), EVENT_PAYLOADS)];
      }
      case 'record':
        return payloads(
          this.one(
            open,
            `SELECT ${RECORD} FROM records r WHERE collection = ? AND key = ? AND (expires_at IS NULL OR expires_at > ?)`,
            [query.collection, query.key, Date.now()],
          ),
          RECORD_PAYLOADS,
        );
      case 'find': {
        const ids = createdRange((sql, cells) => this.all(open, sql, cells), query.createdFrom, query.createdBefore);
        const { sql, cells } = findSql(query, Date.now(), this.rarestFirst(open, query), ids);
        return payloads(this.all(open, sql, cells), RECORD_PAYLOADS);
      }
    }
  }

  private stream(open: Open, query: Query & { kind: 'stream' }): Cell[][] {
    const [low, high] = streamRange(query);
    return this.all(open, streamSql(EVENT, query), streamCells(query, low, high, query.limit));
  }

  /** See {@link readPacked}. */
  private packed(query: Query): Piece[] | undefined {
    if (query.kind !== 'stream') return undefined;
    const open = this.file.get();
    this.file.assertSameFile();
    return readPacked(open.connection, query, (sql, cells) => this.statement(open, sql).first(cells));
  }

  /** SQLite keeps no statistics of tags for us: a short look at each tells which one narrows the search most. */
  private rarestFirst(open: Open, { collection, tags }: Query & { kind: 'find' }): readonly string[] {
    if (tags.length < 2) return tags;
    const sql = 'SELECT count(*) FROM (SELECT 1 FROM record_tags WHERE tag = ? LIMIT 2000)';
    const counted = tags.map((tag) => ({
      tag,
      count: Number(this.all(open, sql, [storedTag(collection, tag)])[0]?.[0]),
    }));
    return counted.sort((a, b) => a.count - b.count).map(({ tag }) => tag);
  }

  private all(open: Open, sql: string, cells: readonly Cell[]): Cell[][] {
    return this.statement(open, sql).all(cells);
  }

  /** Like {@link all}, of a query that finds one row at most. */
  private one(open: Open, sql: string, cells: readonly Cell[]): Cell[][] {
    const row = this.statement(open, sql).first(cells);
    return row === undefined ? [] : [row];
  }

  private statement({ connection, statements }: Open, sql: string): Statement {
    let statement = statements.get(sql);
    if (statement === undefined) {
      if (statements.size >= MOST_STATEMENTS) statements.clear();
      statement = connection.prepare(sql);
      statements.set(sql, statement);
    }
    return statement;
  }
}

function payloads(rows: Cell[][], columns: readonly number[]): Cell[][] {
  for (const row of rows) for (const column of columns) row[column] = payloadFromCell(row[column] as Cell);
  return rows;
}
