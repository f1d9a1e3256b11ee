import { isObservable, lastValueFrom, Observable } from 'rxjs';

/**
 * Waits for what a method answered: its promise, or the last value of its observable. One that is empty is a success.
 *
 * @throws what it fails with; the reason of the signal when that is aborted, and then it is unsubscribed
 */
export async function settled(result: unknown, signal: AbortSignal): Promise<unknown> {
  const value = await result;
  if (!isObservable(value)) return value;
  return lastValueFrom(untilAborted(value, signal), { defaultValue: undefined });
}

/** What a method answered as values. A promise gives one, also when it is undefined. */
export function valuesOf(result: Promise<unknown>, signal: AbortSignal): Observable<unknown> {
  return new Observable<unknown>((subscriber) => {
    const start = (value: unknown): void => {
      if (subscriber.closed) return;
      if (isObservable(value)) {
        untilAborted(value, signal).subscribe(subscriber);
        return;
      }
      subscriber.next(value);
      subscriber.complete();
    };
    result.then(start, (error: unknown) => subscriber.error(error));
  });
}

function untilAborted(values: Observable<unknown>, signal: AbortSignal): Observable<unknown> {
  return new Observable<unknown>((subscriber) => {
    const abort = (): void => subscriber.error(signal.reason);
    if (signal.aborted) {
      abort();
      return undefined;
    }
    signal.addEventListener('abort', abort, { once: true });
    values.subscribe(subscriber);
    return () => signal.removeEventListener('abort', abort);
  });
}
