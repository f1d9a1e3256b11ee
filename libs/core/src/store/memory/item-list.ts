/** Longest list that is kept item by item. */
const LONGEST = 7;

/** Stands in the place of a list whose items are kept beside the events of its stream. Shared by all streams. */
export class ItemList {
  private constructor(
    /** Cells from the end of the block. */
    readonly from: number,
    readonly length: number,
  ) {}

  private static readonly known: ItemList[] = [];

  static of(from: number, length: number): ItemList | undefined {
    if (length > LONGEST) return undefined;
    return (ItemList.known[from * (LONGEST + 1) + length] ??= new ItemList(from, length));
  }
}
