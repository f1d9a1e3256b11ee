/** A value now, or a promise of it. Used inside Catga where an `await` would cost more than the work. */
export type MaybePromise<T> = T | Promise<T>;

/** True when the value has to be awaited. */
export function isPromise<T>(value: MaybePromise<T> | PromiseLike<T>): value is Promise<T> {
  return typeof value === 'object' && value !== null && typeof (value as Promise<T>).then === 'function';
}
