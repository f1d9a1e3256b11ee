const { setTimeout, clearTimeout } = globalThis;

/**
 * Waits for work, but not longer than that: what hangs must not keep the application from ending.
 *
 * @param limit milliseconds
 */
export async function within(work: Promise<unknown>, limit: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, limit)));
  await Promise.race([work, late]);
  clearTimeout(timer);
}
