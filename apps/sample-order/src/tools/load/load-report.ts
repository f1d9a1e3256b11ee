/** How one order ended. */
export interface Outcome {
  readonly orderId: string;
  /**
   * `completed`; `compensated`: failed, and what had been done is undone; `refused`: failed before anything was done;
   * `error`: no final answer.
   */
  readonly kind: 'completed' | 'compensated' | 'refused' | 'error';
  /** Why it is not completed, e.g. `OUT_OF_STOCK`. */
  readonly code?: string;
  /** From the first attempt to send it to its answer. */
  readonly milliseconds: number;
  /** Body of the answer. */
  readonly answer: unknown;
}

/** What a load has come to so far. */
export class LoadReport {
  readonly outcomes: Outcome[] = [];
  private readonly begunAt = performance.now();
  private endedAt: number | undefined;

  constructor(readonly total: number) {}

  add(outcome: Outcome): void {
    this.outcomes.push(outcome);
  }

  /** Stops the clock. */
  finish(): void {
    this.endedAt = performance.now();
  }

  /** How many orders ended this way. */
  count(kind: Outcome['kind']): number {
    return this.outcomes.filter((outcome) => outcome.kind === kind).length;
  }

  /** Every order has its final outcome. */
  get complete(): boolean {
    return this.outcomes.length === this.total && this.count('error') === 0;
  }

  /** How many orders are not completed, by code. */
  reasons(): ReadonlyMap<string, number> {
    const reasons = new Map<string, number>();
    for (const { code } of this.outcomes) if (code !== undefined) reasons.set(code, (reasons.get(code) ?? 0) + 1);
    return reasons;
  }

  /** Milliseconds within which this share of the orders was answered. */
  percentile(share: number): number {
    const sorted = this.outcomes.map((outcome) => outcome.milliseconds).sort((a, b) => a - b);
    return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
  }

  get seconds(): number {
    return ((this.endedAt ?? performance.now()) - this.begunAt) / 1000;
  }

  /** One line for while it runs. */
  progress(): string {
    const failed = this.count('compensated') + this.count('refused');
    const errors = this.count('error');
    return `${this.outcomes.length}/${this.total} orders, ${this.count('completed')} completed, ${failed} failed${errors > 0 ? `, ${errors} errors` : ''}`;
  }

  /** The figures at the end, for people. */
  summary(): string {
    const reasons = [...this.reasons()].sort(([, a], [, b]) => b - a).map(([code, count]) => `${code} ${count}`);
    const rate = this.outcomes.length / this.seconds;
    return [
      `${this.total} orders in ${this.seconds.toFixed(1)} s: ${rate.toFixed(0)} orders/s, p50 ${ms(this.percentile(0.5))}, p99 ${ms(this.percentile(0.99))}`,
      `  completed    ${this.count('completed')}`,
      `  compensated  ${this.count('compensated')}  (failed; what had been done is undone)`,
      `  refused      ${this.count('refused')}  (failed before anything was done)`,
      `  errors       ${this.count('error')}  (no final answer)`,
      `  failed by reason: ${reasons.join(', ') || 'none'}`,
    ].join('\n');
  }
}

function ms(value: number): string {
  return `${value.toFixed(value < 10 ? 1 : 0)} ms`;
}
