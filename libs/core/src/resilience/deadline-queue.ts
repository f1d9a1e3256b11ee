/** Something that has to be done when its time is over. */
export interface Deadline {
  /** True once it was reached or is no longer needed. */
  isOver: boolean;
}

interface Entry extends Deadline {
  readonly due: number;
  readonly expire: () => void;
}

/**
 * Deadlines that all lie the same time ahead: the oldest is always the next, so one timer does for all of them. Setting
 * one costs an object; a timer of its own would cost ten times as much, `AbortSignal.timeout` fifty times.
 */
export class DeadlineQueue {
  private entries: Entry[] = [];
  private first = 0;
  private timer: NodeJS.Timeout | undefined;

  /** @param ms milliseconds from setting a deadline to reaching it */
  constructor(readonly ms: number) {}

  /** Calls `expire` after the time, unless `isOver` was set before. */
  add(expire: () => void): Deadline {
    const entry: Entry = { due: performance.now() + this.ms, expire, isOver: false };
    this.entries.push(entry);
    this.timer ??= this.lookIn(this.ms);
    return entry;
  }

  private readonly look = (): void => {
    this.timer = undefined;
    const now = performance.now();
    for (let entry = this.entries[this.first]; entry !== undefined; entry = this.entries[this.first]) {
      // Timers fire up to a millisecond early.
      if (!entry.isOver && entry.due > now + 1) break;
      this.first++;
      if (!entry.isOver) {
        entry.isOver = true;
        entry.expire();
      }
    }
    this.entries = this.entries.slice(this.first);
    this.first = 0;
    const next = this.entries[0];
    if (next !== undefined) this.timer = this.lookIn(next.due - now);
  };

  private lookIn(ms: number): NodeJS.Timeout {
    // Handlers keep the OS process alive by what they wait for; a deadline that is no longer needed must not.
    return setTimeout(this.look, Math.max(1, ms)).unref();
  }
}
