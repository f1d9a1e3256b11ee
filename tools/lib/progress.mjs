/** `4.2 s`, or `3 min 05 s`. */
export function elapsed(sinceMs) {
  const seconds = (Date.now() - sinceMs) / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  return `${Math.floor(seconds / 60)} min ${String(Math.floor(seconds % 60)).padStart(2, '0')} s`;
}

/**
 * Says what is going on and how long it took. On a terminal one line counts up; a log gets a line at the beginning and
 * one at the end.
 */
export async function withProgress(label, work) {
  const started = Date.now();
  const line = process.stdout.isTTY === true ? liveLine() : plainLine();
  line.show(`${label} …`);
  const ticker = setInterval(() => line.tick(`${label} … ${elapsed(started)}`), 500);
  try {
    const result = await work();
    line.end(`${label}: done in ${elapsed(started)}`);
    return result;
  } catch (error) {
    line.end(`${label}: FAILED after ${elapsed(started)}`);
    throw error;
  } finally {
    clearInterval(ticker);
  }
}

function liveLine() {
  const show = (text) => process.stdout.write(`\r\x1b[2K${text}`);
  return { show, tick: show, end: (text) => show(`${text}\n`) };
}

function plainLine() {
  return { show: (text) => console.log(text), tick: () => undefined, end: (text) => console.log(text) };
}
