import type { Cell, Connection, Statement } from './driver.js';

/** Rows a statement. Each call into SQLite has a fixed cost that many rows share; one size of each makes up any number. */
export const STATEMENT_ROWS = [32, 16, 8, 4, 2, 1] as const;

/** One SQL statement over many rows of parameters at a time. */
export class BatchedStatement {
  private readonly statements: Statement[] = [];
  private cells: Cell[] = [];
  private readonly row: string;

  /** @param sql the statement for `(?, ?), (?, ?), …`, e.g. ``(rows) => `INSERT INTO t VALUES ${rows}` `` */
  constructor(
    private readonly connection: Connection,
    private readonly columns: number,
    private readonly sql: (rows: string) => string,
  ) {
    this.row = columns === 1 ? '?' : `(${Array.from({ length: columns }, () => '?').join(', ')})`;
  }

  /** Adds one row; nothing happens until {@link run} or {@link all}. */
  add(...cells: Cell[]): void {
    for (const cell of cells) this.cells.push(cell);
  }

  /** Runs the statement over the rows added since the last time. */
  run(): void {
    this.pieces((statement, cells) => statement.run(cells));
  }

  /** As {@link run}; returns the rows that the statement answers. */
  all(): Cell[][] {
    const answers: Cell[][] = [];
    this.pieces((statement, cells) => {
      for (const answer of statement.all(cells)) answers.push(answer);
    });
    return answers;
  }

  /** Forgets the rows added. */
  discard(): void {
    this.cells = [];
  }

  private pieces(use: (statement: Statement, cells: readonly Cell[]) => void): void {
    const { cells, columns } = this;
    this.cells = [];
    let at = 0;
    for (const [index, size] of STATEMENT_ROWS.entries()) {
      const length = size * columns;
      for (; cells.length - at >= length; at += length) {
        const statement = (this.statements[index] ??= this.prepare(size));
        use(statement, cells.length === length ? cells : cells.slice(at, at + length));
      }
    }
  }

  private prepare(size: number): Statement {
    return this.connection.prepare(this.sql(Array.from({ length: size }, () => this.row).join(', ')));
  }
}
