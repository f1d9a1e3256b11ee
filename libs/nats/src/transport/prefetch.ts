/** Most messages that wait on a node for a free place. */
const MOST = 2_048;
/** The window holds what was handled lately in this time. Milliseconds. */
const HORIZON = 100;
/** So long and so many are enough to know that handlers are fast: a backlog waits at the start, not later. */
const SOON = 5;
const ENOUGH = 128;

/**
 * How many messages a member holds: few while its handlers are slow, so that other members get theirs; as many as it
 * handles in a tenth of a second when they are fast, so that it never waits for the server.
 */
export class Prefetch {
  private countedAt = performance.now();
  private handledBefore = 0;
  private perHorizon = 0;

  /** @param handled handlers that have ended until now */
  constructor(
    private readonly concurrency: number,
    private readonly handled: () => number,
  ) {}

  /** Messages that may be held, those under way included. */
  get window(): number {
    const now = performance.now();
    const elapsed = now - this.countedAt;
    const lately = this.handled() - this.handledBefore;
    if (elapsed >= HORIZON || (elapsed >= SOON && lately >= ENOUGH)) {
      this.perHorizon = (lately * HORIZON) / elapsed;
      this.handledBefore += lately;
      this.countedAt = now;
    }
    return this.concurrency + Math.min(MOST, Math.max(this.concurrency, Math.round(this.perHorizon)));
  }
}
