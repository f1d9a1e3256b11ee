/**
 * Milliseconds that a client wants to wait for the result, from `Prefer: wait` or `Prefer: wait=10` (RFC 7240, seconds);
 * 0 when it does not want to, `undefined` when the header does not say.
 */
export function preferredWait(prefer: string | undefined, most: number): number | undefined {
  const preferences = (prefer ?? '').split(',').map((preference) => preference.trim().toLowerCase());
  if (preferences.includes('respond-async')) return 0;
  const wait = preferences.map((preference) => /^wait(?:\s*=\s*"?(\d+)"?)?$/.exec(preference)).find(Boolean);
  if (!wait) return undefined;
  return wait[1] === undefined ? most : Math.min(most, Number(wait[1]) * 1_000);
}

/** The promise's value wrapped, or `undefined` when it takes longer than `ms`. */
export async function within<T>(promise: Promise<T>, ms: number): Promise<{ readonly value: T } | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, ms, undefined);
  });
  try {
    // `race` observes the promise, so that a failure after the limit is no unhandled rejection.
    return await Promise.race([promise.then((value) => ({ value })), late]);
  } finally {
    clearTimeout(timer);
  }
}
