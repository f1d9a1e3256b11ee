/**
 * What is wrong with a history.
 *
 * - `lost`: an acknowledged event is not in the log, or a reader was led past one;
 * - `doubled`: an event is there twice, or was delivered again without a reason;
 * - `reordered`: events stand in another order than the one their callers can prove;
 * - `phantom`: an event that nobody appended, or that was refused, or that was seen before it was asked for;
 * - `torn`: part of a commit is there, or was seen, without the rest of it;
 * - `stale`: a read missed what was known before it began;
 * - `condition`: a commit went through although its condition did not hold, or was refused although it did;
 * - `answer`: the version or position that was answered is not the one in the log.
 */
export type ViolationKind = 'lost' | 'doubled' | 'reordered' | 'phantom' | 'torn' | 'stale' | 'condition' | 'answer';

/** One thing that is wrong, with the operation or subscription that shows it. */
export interface Violation {
  readonly kind: ViolationKind;
  readonly message: string;
  /** Operation of the history or name of the subscription; left out when the log by itself is wrong. */
  readonly where?: string;
}

/** Thrown by `assertHistory`: the store broke a promise. */
export class HistoryViolationError extends Error {
  readonly code = 'CATGA_HISTORY_VIOLATED';
  constructor(readonly violations: readonly Violation[]) {
    super(
      `The history shows ${violations.length} broken promise(s) of the store. Look at the operations named, in their order in the history:\n${violations
        .slice(0, 20)
        .map(({ kind, where, message }) => `- ${kind}${where === undefined ? '' : ` (${where})`}: ${message}`)
        .join('\n')}`,
    );
    this.name = 'HistoryViolationError';
  }
}
