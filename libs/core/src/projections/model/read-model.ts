/** What a read model is, apart from the records in it. */
export interface ReadModelOptions<T> {
  /** Tags of a record, worked out of its value whenever that is written; readers find it by them. Default: none. */
  readonly tags?: (value: T, key: string) => readonly string[];
  /** When a record goes away by itself, milliseconds since 1970; undefined: never. Default: never. */
  readonly expiresAt?: (value: T, key: string) => number | undefined;
}

/**
 * A named set of keyed values that one projection writes and anybody reads. Made by {@link readModel}.
 */
export interface ReadModelDefinition<T> extends ReadModelOptions<T> {
  readonly name: string;
  /** Never there: carries the type of the values. */
  readonly valueType?: T;
}

/**
 * Declares a read model, for `models` of `@Projection` and for whoever reads it: one constant gives both its name and
 * the type of its values.
 *
 * @example
 * ```ts
 * export const Orders = readModel<OrderView>('orders', { tags: (order) => [`status:${order.status}`] });
 * ```
 */
export function readModel<T>(name: string, options: ReadModelOptions<T> = {}): ReadModelDefinition<T> {
  return Object.freeze({ ...options, name });
}

/** A value with its key, as {@link ReadModel.find} gives it. */
export interface ReadModelItem<T> {
  readonly key: string;
  readonly value: T;
  /** When the value was written, by the clock of the store. Milliseconds since 1970. */
  readonly updatedAt: number;
}

/** Which values to find. */
export interface ReadModelQuery {
  /** Every one of these tags must be there. Default: all values. */
  readonly tags?: readonly string[];
  /** By the time of creation. Default `oldest`. */
  readonly order?: 'oldest' | 'newest';
  /** Most values to return. Default 100. */
  readonly limit?: number;
  /** {@link ReadModelPage.cursor} of the page before. A rebuild that ends between two pages makes it start again. */
  readonly cursor?: string;
}

/** A page of values. */
export interface ReadModelPage<T> {
  readonly items: readonly ReadModelItem<T>[];
  /** Give it to the next call to go on; left out on the last page. */
  readonly cursor?: string;
}

/** A read model as the application reads it: always the live one, also while another is being built. */
export interface ReadModel<T> {
  /** The value of this key; undefined when there is none. */
  get(key: string): Promise<T | undefined>;
  find(query?: ReadModelQuery): Promise<ReadModelPage<T>>;
}

/**
 * A read model as its projection writes it. Writes are gathered and committed with the checkpoint; reads see them at
 * once.
 *
 * `update`, `put` and `delete` need no `await`, so a handler that uses only them may be a plain function: that is the
 * fastest.
 */
export interface ProjectionModel<T> {
  /** The value as of this event. Do not change it: `put` or `update` a new one. */
  get(key: string): Promise<T | undefined>;
  /** Writes a value over whatever is there. */
  put(key: string, value: T): void;
  /**
   * Writes what the function makes of the value, which is undefined when there is none yet. The function must return a
   * new value, at once, and have no effects of its own: it may run more than once.
   */
  update(key: string, change: (current: T | undefined) => T): void;
  /** Removes the value, if there is one. */
  delete(key: string): void;
  /** Keys and values with all of these tags, in the order of their keys; all values without tags. */
  find(tags?: readonly string[]): Promise<readonly { readonly key: string; readonly value: T }[]>;
}
