/**
 * Waits, unless the signal is aborted first.
 *
 * @param ms milliseconds
 * @returns true when the time is over, false when the signal was aborted
 */
export function sleep(ms: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return Promise.resolve(false);
  return new Promise((resolve) => {
    const finish = (isOver: boolean) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', aborted);
      resolve(isOver);
    };
    const aborted = () => finish(false);
    const timer = setTimeout(finish, ms, true);
    signal.addEventListener('abort', aborted, { once: true });
  });
}
