/** `4.2 s`, or `3 min 05 s`. */
export function elapsed(sinceMs) {
  const seconds = (Date.now() - sinceMs) / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  return `${Math.floor(seconds / 60)} min ${String(Math.floor(seconds % 60)).padStart(2, '0')} s`;
}

/**
 * Says what is going on and how long it took. On a terminal the line counts up; in a log it is written once, at the
 * end, so that logs stay short.
 */
export async function withProgress(label, work) {
  const started = Date.now();
  const live = process.stdout.isTTY === true;
  const show = (text, end) =>
    process.stdout.write(live ? `\r\x1b[2K${text}${end ? '\n' : ''}` : end ? `${text}\n` : '');
  show(`${label} …`, false);
  const ticker = live && setInterval(() => show(`${label} … ${elapsed(started)}`, false), 500);
  try {
    const result = await work();
    show(`${label}: done in ${elapsed(started)}`, true);
    return result;
  } catch (error) {
    show(`${label}: FAILED after ${elapsed(started)}`, true);
    throw error;
  } finally {
    if (ticker) clearInterval(ticker);
  }
}
