// Taken once: fake timers of a test must not stop the application from draining.
const { setTimeout, clearTimeout, setImmediate } = globalThis;

/** What is known about how long the handlers of one message type run. */
export interface Habit {
  /** Calls in a row that ended in the turn of the event loop in which they began. */
  instant: number;
  /** True once a call has outlived its turn; stays so. */
  isSlow: boolean;
}

/**
 * Counts handlers that run, so that shutdown can wait for them.
 *
 * Watching a promise costs 50 ns, half of an awaited handler call. A handler that ends in the turn of the event loop in
 * which it began cannot be met half-done by a shutdown, so `RouteTable` trusts those that always do, for a while.
 */
export class RunningHandlers {
  private running = 0;
  private turn = 0;
  private isTurnOpen = false;
  private whenIdle: (() => void) | undefined;

  /**
   * Counts a handler until it ends.
   *
   * @param ended called with the updated habit
   */
  watch(promise: Promise<unknown>, habit: Habit, ended?: (habit: Habit) => void): void {
    this.running++;
    const begun = this.currentTurn();
    const end = () => {
      this.running--;
      if (begun === this.turn) habit.instant++;
      else habit.isSlow = true;
      ended?.(habit);
      if (this.running === 0) this.whenIdle?.();
    };
    promise.then(end, end);
  }

  /**
   * Waits until nothing runs, also not what running handlers have started meanwhile.
   *
   * @param limit milliseconds to wait at most
   * @returns how many still run; 0 when all have ended
   */
  async drain(limit: number): Promise<number> {
    const deadline = performance.now() + limit;
    for (;;) {
      // A turn later, whoever was called back by the last handler has started what it wanted to start.
      await new Promise((resolve) => setImmediate(resolve));
      if (this.running === 0) return 0;
      const left = deadline - performance.now();
      if (left <= 0 || !(await this.idleWithin(left))) return this.running;
    }
  }

  /** Number of this turn of the event loop; counted only while somebody asks. */
  private currentTurn(): number {
    if (!this.isTurnOpen) {
      this.isTurnOpen = true;
      setImmediate(this.endTurn);
    }
    return this.turn;
  }

  private readonly endTurn = (): void => {
    this.isTurnOpen = false;
    this.turn++;
  };

  private idleWithin(ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      const finish = (isIdle: boolean) => {
        clearTimeout(timer);
        this.whenIdle = undefined;
        resolve(isIdle);
      };
      const timer = setTimeout(finish, ms, false);
      this.whenIdle = () => finish(true);
    });
  }
}
