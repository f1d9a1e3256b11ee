import { CommitJournal, DirectJournal, type Journal } from '../journal/journal.js';
import { CommitFailures } from './commit-failures.js';
import type { Run } from './run.js';
import type { RunStarted } from './run-started.js';

/**
 * The journal of a run that begins, the shortest that its store offers.
 *
 * @param first its first event
 * @param expectedRecord version of the id's line in the index; 0 when there is none
 */
export function openJournal(run: Run, first: RunStarted, expectedRecord: number): Journal {
  const { store } = run.env;
  if (store.openDerived && expectedRecord === 0) {
    const { line, room } = run.process;
    return new DirectJournal(store.openDerived(first.ownId, line, room.events), store);
  }
  if (store.openDirect) return new DirectJournal(store.openDirect(run.stream), store);
  return resumeJournal(run, 0);
}

/** The journal of a run that goes on at this version. */
export function resumeJournal(run: Run, version: number): Journal {
  return new CommitJournal(run.env.store, run.stream, version, new CommitFailures(run));
}
