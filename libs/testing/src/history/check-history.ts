import { checkCommits } from './checks/check-commits.js';
import { checkReads } from './checks/check-reads.js';
import { checkSubscriptions } from './checks/check-subscriptions.js';
import { checkLog, FinalLog } from './checks/final-log.js';
import { operationsOf, type Operations } from './checks/operations.js';
import { Timeline } from './checks/timeline.js';
import type { HistoryEntry, LogEvent } from './history.js';
import { HistoryViolationError, type Violation } from './violation.js';

/** What {@link checkHistory} is given. */
export interface CheckHistoryOptions {
  /** What all clients and subscriptions did, see `MemoryHistory` and `readHistory`. */
  readonly history: readonly HistoryEntry[];
  /** The whole log, read when nobody wrote any more: `readFinalLog(store)`. Nothing may have been removed from it. */
  readonly log: readonly LogEvent[];
  /**
   * What a store promises of its reads. `real-time`: a read sees whatever anybody was told before it began. `per-client`:
   * what its own client was told, as from replicas that lag behind. Default `real-time`.
   */
  readonly reads?: 'real-time' | 'per-client';
  /** Subscriptions that must have seen the whole log in the end. Default none; all are checked for gaps and doubles. */
  readonly complete?: readonly string[];
}

/** What was checked, so that a test can show that there was something to check. */
export interface HistoryCounts {
  readonly acknowledged: number;
  readonly refused: number;
  /** Commits whose callers never learnt what became of them. */
  readonly unknown: number;
  /** Those of them that were done. */
  readonly unknownDone: number;
  readonly reads: number;
  /** Events given to subscriptions, each as often as it was given. */
  readonly delivered: number;
  /** Times that a subscription started. */
  readonly starts: number;
  /** Events in the final log. */
  readonly events: number;
}

/** What {@link checkHistory} found. */
export interface HistoryReport {
  readonly violations: readonly Violation[];
  readonly counts: HistoryCounts;
}

/**
 * Holds what concurrent clients were told against the log as it was in the end. It finds events that were lost, doubled,
 * reordered or never appended, commits that were torn, conditions that did not hold, reads that saw what never was, and
 * subscriptions that left something out. It assumes nothing about the store but its contract; a process that was killed
 * in the middle is a client that got no answer.
 *
 * @example
 * ```ts
 * const history = new MemoryHistory();
 * await Promise.all(['a', 'b', 'c'].map((name) => historyWorkload(new HistoryClient(store, history, name))));
 * const { violations } = checkHistory({ history: history.entries, log: await readFinalLog(store) });
 * expect(violations).toEqual([]);
 * ```
 */
export function checkHistory({
  history,
  log: events,
  reads = 'real-time',
  complete = [],
}: CheckHistoryOptions): HistoryReport {
  const log = new FinalLog(events);
  const operations = operationsOf(history, log);
  const timeline = new Timeline(log, operations, history, reads === 'real-time');
  const appended = new Set(operations.commits.flatMap(({ ids }) => ids));
  const violations = [
    ...checkLog(log, appended),
    ...checkCommits(operations.commits, log, timeline),
    ...checkReads(operations.reads, log, timeline),
    ...checkSubscriptions(history, complete, log, timeline),
  ];
  return { violations, counts: countsOf(operations, history, log) };
}

/**
 * {@link checkHistory} that throws.
 *
 * @throws {HistoryViolationError} with everything that was found
 */
export function assertHistory(options: CheckHistoryOptions): HistoryCounts {
  const { violations, counts } = checkHistory(options);
  if (violations.length > 0) throw new HistoryViolationError(violations);
  return counts;
}

function countsOf({ commits, reads }: Operations, history: readonly HistoryEntry[], log: FinalLog): HistoryCounts {
  const open = commits.filter(({ answers, unknown }) => answers.length === 0 && unknown > 0);
  const subscriptions = history.filter((entry) => entry.entry === 'subscription');
  return {
    acknowledged: commits.filter(({ answers }) => answers.length > 0).length,
    refused: commits.filter(({ answers, unknown }) => answers.length === 0 && unknown === 0).length,
    unknown: open.length,
    unknownDone: open.filter(({ kept }) => kept.length > 0).length,
    reads: reads.length,
    delivered: subscriptions.reduce((sum, entry) => sum + (entry.did === 'deliver' ? entry.events.length : 0), 0),
    starts: subscriptions.filter(({ did }) => did === 'start').length,
    events: log.events.length,
  };
}
