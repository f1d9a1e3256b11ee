/** Longest list that is kept item by item. */
export const LONGEST = 7;

/** Stands in the place of a list whose items are kept beside the events of its stream. Shared by all streams. */
export class ItemList {
  private constructor(
    /** Cells from the end of the block. */
    readonly from: number,
    readonly length: number,
  ) {}

  /** By their length, then by where they are. */
  private static readonly known: ItemList[][] = Array.from({ length: LONGEST + 1 }, () => []);

  /** @param length {@link LONGEST} at most */
  static of(from: number, length: number): ItemList {
    return ((ItemList.known[length] as ItemList[])[from] ??= new ItemList(from, length));
  }
}
