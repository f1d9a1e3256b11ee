import type { Cell, Connection, Statement } from './driver.js';

/** Rows a statement: each call into SQLite has a fixed cost that many rows share. */
const SIZES = [32, 8, 1] as const;

/** Collects rows for one INSERT and writes them many at a time. */
export class RowBuffer {
  private readonly statements: readonly Statement[];
  private cells: Cell[] = [];

  /** @param insert `INSERT INTO t (a, b)`, without values */
  constructor(
    connection: Connection,
    insert: string,
    private readonly columns: number,
  ) {
    const row = `(${Array.from({ length: columns }, () => '?').join(', ')})`;
    this.statements = SIZES.map((size) =>
      connection.prepare(`${insert} VALUES ${Array.from({ length: size }, () => row).join(', ')}`),
    );
  }

  /** Adds one row. */
  add(...cells: Cell[]): void {
    for (const cell of cells) this.cells.push(cell);
  }

  flush(): void {
    const { cells, columns } = this;
    if (cells.length === 0) return;
    this.cells = [];
    let at = 0;
    SIZES.forEach((size, index) => {
      const length = size * columns;
      for (; cells.length - at >= length; at += length) {
        (this.statements[index] as Statement).run(cells.length === length ? cells : cells.slice(at, at + length));
      }
    });
  }

  discard(): void {
    this.cells = [];
  }
}
