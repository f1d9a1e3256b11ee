import type { Cell } from './driver.js';

/** Numbers of records between which all of a time of creation are; null: no bound. */
export interface IdRange {
  /** None before this one. */
  readonly first: number | null;
  /** None from this one on. */
  readonly end: number | null;
}

/** How far a clock may have been set back without a record being missed. Milliseconds. */
const CLOCK_STEP = 60_000;

/** Reads the rows of a statement. */
type Read = (sql: string, cells: readonly Cell[]) => Cell[][];

/**
 * Where to look for records that were created in a time. Numbers are given in the order of creation, so a few looks at
 * single rows find the place, and no index of times has to be paid for by every commit. The search itself still compares
 * times: this only keeps it from reading what cannot match.
 */
export function createdRange(read: Read, from: number | null, before: number | null): IdRange {
  return {
    first: from === null ? null : firstAt(read, from - CLOCK_STEP),
    end: before === null ? null : firstAt(read, before + CLOCK_STEP),
  };
}

/**
 * The number from which on records were created at this time or later; null when there is none yet.
 *
 * Found by halving: right where times grow with numbers. Where a clock was set back it finds one of several places,
 * and none of the records on its wrong side is further off than the clock was set.
 */
function firstAt(read: Read, time: number): number | null {
  const last = Number(read('SELECT max(id) FROM records', [])[0]?.[0] ?? 0);
  let low = 0;
  let high = last + 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const [id, createdAt] =
      read('SELECT id, created_at FROM records WHERE id >= ? ORDER BY id LIMIT 1', [middle])[0] ?? [];
    if (id === undefined || Number(createdAt) >= time) high = middle;
    else low = Number(id) + 1;
  }
  // Whatever is created while the search is under way is not shut out.
  return low > last ? null : low;
}
