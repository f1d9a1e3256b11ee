import { parked, type Ending } from './endings.js';
import type { Run } from './run.js';

/**
 * Bounds the journal of one run: warns once, then parks.
 *
 * Invariants: a run that somebody has let go on counts from there; steps under way get to their end, and it is recorded,
 * before the run is parked: what they did must not be done again because the journal was full.
 */
export class HistoryLimit {
  private warned = false;
  /** How the run leaves memory once none of its steps is under way. */
  parking: Ending | undefined;

  /** @param from length of the journal from which it is counted */
  constructor(private readonly from: number) {}

  /** True when no step is begun any more. Asked only when the journal is long enough for the warning. */
  reached(run: Run): boolean {
    if (this.parking) return true;
    const { historyWarning, historyLimit } = run.env.limits;
    const { length } = run.journal;
    if (!this.warned && length - this.from >= historyWarning) {
      this.warned = true;
      run.env.warn(
        `${run.id} has ${length} journal events; at ${historyLimit} it is parked. Use continueAsNew in long loops.`,
      );
    }
    if (length - this.from < historyLimit) return false;
    this.parking = parked(
      'history-limit',
      `Its journal has ${length} events, the limit is ${historyLimit}. Use continueAsNew; retry gives it as many again.`,
    );
    run.env.turns.schedule(run);
    return true;
  }
}
