import type { Run } from './run.js';

/**
 * Bounds the journal of one run: warns once, then parks.
 *
 * Invariant: a run that somebody has let go on counts from there.
 */
export class HistoryLimit {
  private warned = false;

  /** @param from length of the journal from which it is counted */
  constructor(private readonly from: number) {}

  /** True when the run was parked. Asked only when the journal is long enough for the warning. */
  reached(run: Run): boolean {
    const { historyWarning, historyLimit } = run.env.limits;
    const { length } = run.journal;
    if (!this.warned && length - this.from >= historyWarning) {
      this.warned = true;
      run.env.warn(
        `${run.id} has ${length} journal events; at ${historyLimit} it is parked. Use continueAsNew in long loops.`,
      );
    }
    if (length - this.from < historyLimit) return false;
    run.park(
      'history-limit',
      `Its journal has ${length} events, the limit is ${historyLimit}. Use continueAsNew; retry gives it as many again.`,
    );
    return true;
  }
}
