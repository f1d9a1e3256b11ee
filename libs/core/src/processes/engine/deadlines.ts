/** Something with attempts that can take too long. */
export interface Expirable {
  /** Ends what is overdue at `now`; answers with the earliest deadline that is left. */
  expire(now: number): number;
}

/**
 * One timer for every deadline of every run: starting a step costs a comparison, not a timer of its own.
 * A step ends without telling: its deadline is then found gone when the timer fires.
 */
export class Deadlines {
  private next = Number.POSITIVE_INFINITY;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly all: () => Iterable<Expirable>,
    private readonly now: () => number,
  ) {}

  /** Makes sure that somebody looks at this time. */
  arm(deadline: number): void {
    if (deadline < this.next) this.schedule(deadline);
  }

  stop(): void {
    clearTimeout(this.timer);
    this.next = Number.POSITIVE_INFINITY;
  }

  private schedule(deadline: number): void {
    clearTimeout(this.timer);
    this.next = deadline;
    // Not sooner than in 5 ms: a crowd of deadlines close together is one look, not many.
    const delay = Math.min(Math.max(deadline - this.now(), 5), 2 ** 31 - 1);
    this.timer = setTimeout(this.look, delay);
    this.timer.unref();
  }

  private readonly look = (): void => {
    this.next = Number.POSITIVE_INFINITY;
    const now = this.now();
    let earliest = Number.POSITIVE_INFINITY;
    for (const one of this.all()) {
      const left = one.expire(now);
      if (left < earliest) earliest = left;
    }
    if (earliest !== Number.POSITIVE_INFINITY) this.arm(earliest);
  };
}
