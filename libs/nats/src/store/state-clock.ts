import type { Clock } from '@catga/core';

/** After this much time the best estimate of the server's clock must have been confirmed. Milliseconds. */
const WINDOW = 30_000;

/**
 * The store's clock: that of the server, as its messages tell it. While a message is applied it stands still at the time
 * of the message, so that every node that applies it decides the same. In between it is an estimate, which is never ahead
 * of the server: a message cannot be younger than the moment at which it arrives.
 */
export class StateClock implements Clock {
  /** Time of the youngest message. The state never goes back, even where the server's clock does. */
  last = 0;
  private applying = false;
  /** Server's clock minus our monotonic one: the best of this window and of the one before. */
  private best = Number.NEGATIVE_INFINITY;
  private former = Number.NEGATIVE_INFINITY;
  private windowEnd = 0;

  constructor(readonly monotonic: () => number = () => performance.now()) {}

  now(): number {
    return this.applying ? this.last : this.estimate();
  }

  /** Stands still at the time of a message until {@link release}. Milliseconds since 1970. */
  hold(time: number): void {
    this.sample(time);
    if (time > this.last) this.last = time;
    this.applying = true;
  }

  release(): void {
    this.applying = false;
  }

  /** Takes note of a time of the server that has just arrived. Milliseconds since 1970. */
  sample(time: number): void {
    const now = this.monotonic();
    if (now > this.windowEnd) {
      this.former = this.best;
      this.best = Number.NEGATIVE_INFINITY;
      this.windowEnd = now + WINDOW;
    }
    this.best = Math.max(this.best, time - now);
  }

  /** Goes on from what another clock of the same server knew. */
  adopt({ best, former, windowEnd }: StateClock): void {
    Object.assign(this, { best, former, windowEnd });
  }

  private estimate(): number {
    const offset = Math.max(this.best, this.former);
    const now = offset === Number.NEGATIVE_INFINITY ? Date.now() : Math.floor(this.monotonic() + offset);
    return Math.max(this.last, now);
  }
}
