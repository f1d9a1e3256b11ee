/** A value now, or a promise of it. Used inside Catga where an `await` would cost more than the work. */
export type MaybePromise<T> = T | Promise<T>;

/** Goes on with a value: at once when it is there, otherwise when its promise is fulfilled. */
export function chain<T, R>(value: MaybePromise<T>, goOn: (value: T) => MaybePromise<R>): MaybePromise<R> {
  return isPromise(value) ? value.then(goOn) : goOn(value);
}

/** All the values: now when every one is there, otherwise a promise of them. */
export function allOf<T>(values: readonly MaybePromise<T>[]): MaybePromise<readonly T[]> {
  if (!values.some((value) => isPromise(value))) return values as readonly T[];
  return Promise.all(values.map((value) => Promise.resolve(value)));
}

/** True when the value has to be awaited. */
export function isPromise<T>(value: MaybePromise<T> | PromiseLike<T>): value is Promise<T> {
  return typeof value === 'object' && value !== null && typeof (value as Promise<T>).then === 'function';
}

/** The answer as a promise, also of what answers, or throws, at once. */
export function settle<T>(run: () => MaybePromise<T>): Promise<T> {
  try {
    const answer = run();
    return isPromise(answer) ? answer : Promise.resolve(answer);
  } catch (error) {
    return Promise.reject(error as Error);
  }
}
