/** Cells of the largest array, 256 KiB: V8 never moves arrays of more than 128, and one that is hardly used is no great loss. */
const LARGEST = 32_768;
/** Blocks of the first array; each next one has twice as many. */
const FIRST_BLOCKS = 16;
/** Free blocks from which on it is worth a look whether whole arrays are free. */
const FIRST_SWEEP = 1_024;

/**
 * Blocks of cells of one size, many in one large array, used again and again.
 *
 * With an array of its own for each, what thousands of short streams keep is copied by the garbage collector twice
 * before it counts as old, and has to be found dead again soon after: that costs more than all appends to them.
 */
export class CellArena {
  /** The newest array, and where in it the blocks begin that nobody has had yet. */
  private cells: unknown[] = [];
  private next = 0;
  private blocks = FIRST_BLOCKS / 2;
  /** Blocks that were given back: the array of each, and where in it. */
  private freeCells: unknown[][] = [];
  private freeBases: number[] = [];
  private sweepAt = FIRST_SWEEP;

  /** The array of the block that was taken last. */
  taken = this.cells;

  /** @param size cells of a block */
  constructor(readonly size: number) {}

  /** A block, all its cells undefined: answers with its first cell in {@link taken}. */
  take(): number {
    const base = this.freeBases.pop();
    if (base === undefined) return this.takeFresh();
    this.taken = this.freeCells.pop() as unknown[];
    return base;
  }

  /** Takes a block back. Whoever held it must not look at it again. */
  give(cells: unknown[], base: number): void {
    // Not `fill`: calling it costs more than it does.
    for (let cell = base; cell < base + this.size; cell++) cells[cell] = undefined;
    this.freeCells.push(cells);
    this.freeBases.push(base);
    if (this.freeBases.length >= this.sweepAt) this.sweep();
  }

  private takeFresh(): number {
    if (this.next + this.size > this.cells.length) this.grow();
    const base = this.next;
    this.next += this.size;
    this.taken = this.cells;
    return base;
  }

  private grow(): void {
    this.blocks = Math.max(1, Math.min(this.blocks * 2, Math.floor(LARGEST / this.size)));
    this.cells = new Array<unknown>(this.blocks * this.size).fill(undefined);
    this.next = 0;
  }

  /** Lets go of arrays that nobody uses any more, except the newest. */
  private sweep(): void {
    const free = new Map<unknown[], number>();
    for (const cells of this.freeCells) free.set(cells, (free.get(cells) ?? 0) + 1);
    const stays = (cells: unknown[]): boolean =>
      cells === this.cells || (free.get(cells) as number) * this.size < cells.length;
    this.freeBases = this.freeBases.filter((_, index) => stays(this.freeCells[index] as unknown[]));
    this.freeCells = this.freeCells.filter(stays);
    this.sweepAt = Math.max(FIRST_SWEEP, this.freeBases.length * 2);
  }
}
