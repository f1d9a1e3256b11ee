/**
 * Shows how far something is: on a terminal in one line that is written again and again, in a log a line at every
 * tenth of the way.
 */
export function progressLine(out: NodeJS.WriteStream = process.stdout): (share: number, text: string) => void {
  let shownAt = 0;
  let tenth = 0;
  return (share, text) => {
    const done = share >= 1;
    if (out.isTTY) {
      if (!done && Date.now() - shownAt < 100) return;
      shownAt = Date.now();
      out.write(`\r\x1b[2K${text}${done ? '\n' : ''}`);
    } else if (done || Math.floor(share * 10) > tenth) {
      tenth = Math.floor(share * 10);
      out.write(`${text}\n`);
    }
  };
}
