import { coarseNow } from '../../foundation/index.js';
import { JournalEvent } from '../journal/journal-event.js';
import type { Journal } from '../journal/journal.js';

/**
 * Which changes of code apply to one run.
 *
 * Invariant: a run that has once been told yes or no is told the same for ever; a yes is journaled, a no follows from
 * the past that lies ahead of it.
 */
export class Patches {
  private readonly known = new Map<string, boolean>();

  /** @param journaled ids that the journal says yes to */
  constructor(journaled: Iterable<string> = []) {
    for (const id of journaled) this.known.set(id, true);
  }

  /** @param inPast the flow has not come to the end of what is recorded */
  isNew(id: string, journal: Journal, inPast: boolean): boolean {
    const known = this.known.get(id);
    if (known !== undefined) return known;
    this.known.set(id, !inPast);
    if (!inPast) journal.append(new JournalEvent('ProcessPatched', coarseNow(), { patch: id }));
    return !inPast;
  }
}
