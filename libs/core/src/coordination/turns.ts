/** How long to stand in line. */
export interface TurnOptions {
  /** Milliseconds; may be Infinity. */
  readonly within: number;
  /** Ends the waiting; its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
}

/** Longer ones fire at once in Node. */
const LONGEST_TIMER = 2_147_483_647;

/** A timer for any time, `Infinity` included. */
export function timer(callback: () => void, ms: number): NodeJS.Timeout {
  return setTimeout(callback, Math.min(Math.max(0, ms), LONGEST_TIMER));
}

/**
 * First come, first served, for each key, within this OS process. So one of many that want the same asks the store, and
 * they do not get into each other's way there.
 */
export class Turns {
  private readonly lines = new Map<string, (() => void)[]>();

  /** Somebody has the turn of this key or waits for it. */
  isTaken(key: string): boolean {
    return this.lines.has(key);
  }

  /**
   * Waits for the turn.
   *
   * @returns the way to end the turn, or undefined when the time was over first
   */
  async enter(key: string, { within, signal }: TurnOptions): Promise<(() => void) | undefined> {
    const line = this.lines.get(key);
    if (line === undefined) {
      this.lines.set(key, []);
      return this.leaver(key);
    }
    if (within <= 0) return undefined;
    const isMine = await stand(line, within, signal);
    return isMine ? this.leaver(key) : undefined;
  }

  private leaver(key: string): () => void {
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      const next = this.lines.get(key)?.shift();
      if (next === undefined) this.lines.delete(key);
      else next();
    };
  }
}

/** Stands in a line; false when the time was over first. */
function stand(line: (() => void)[], within: number, signal: AbortSignal | undefined): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clearTimeout(limit);
      signal?.removeEventListener('abort', aborted);
    };
    const leave = (): void => {
      end();
      line.splice(line.indexOf(called), 1);
    };
    const called = (): void => {
      end();
      resolve(true);
    };
    const aborted = (): void => {
      leave();
      reject(signal?.reason as Error);
    };
    const limit = timer(() => {
      leave();
      resolve(false);
    }, within);
    signal?.addEventListener('abort', aborted, { once: true });
    line.push(called);
  });
}
