/**
 * What few commits have. It travels as one cell of JSON in front of the commit, so that the many others pay nothing.
 */
export interface BatchExtras {
  readonly id?: string;
  readonly conditions?: readonly ConditionRow[];
  readonly streams?: readonly StreamChangeRow[];
  /** Tags of events: index of the append, index of its event, each tag once. */
  readonly tags?: readonly (readonly [append: number, event: number, tags: readonly string[]])[];
}

/** A filter as the workers work with it; null: any. */
export interface FilterRow {
  readonly types: readonly string[] | null;
  readonly categories: readonly string[] | null;
  /** Each tag once. */
  readonly tags: readonly string[];
}

/** An append condition as the writer works with it. */
export interface ConditionRow {
  readonly filters: readonly FilterRow[];
  readonly after: number;
}

/** Names of the states by the number under which the file keeps them. */
export const STATES = ['open', 'archived', 'deleted'] as const;

/** A change of a stream as the writer works with it. */
export interface StreamChangeRow {
  readonly stream: string;
  /** A version, or one of `EXPECT`. */
  readonly expected: number;
  /** Events below this version are removed; 0: none. */
  readonly truncateBefore: number;
  /** Index in {@link STATES}; -1: as it is. */
  readonly state: number;
}
