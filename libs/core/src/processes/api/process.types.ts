/**
 * Where a run is.
 *
 * - `running`: its code is being executed by a node, or will be as soon as a node takes it over.
 * - `waiting`: nothing to do until a time that the store keeps.
 * - `compensating`: it failed or was cancelled; completed steps are being undone.
 * - `completed`, `failed`, `cancelled`: final. `failed` and `cancelled` come after the compensation.
 * - parked, until somebody decides (see {@link PARKED}):
 *   `diverged` (its history does not fit today's code), `compensation-stuck` (an undo gave up),
 *   `outcome-unknown` (a step with `onUnknown: 'ask'` was cut off), `poisoned` (it was claimed five times without
 *   getting on), `history-limit` (its journal is too long).
 */
export type ProcessStatus =
  | 'running'
  | 'waiting'
  | 'compensating'
  | 'completed'
  | 'failed'
  | 'cancelled'
  | 'diverged'
  | 'compensation-stuck'
  | 'outcome-unknown'
  | 'poisoned'
  | 'history-limit';

/** The final statuses. */
export const TERMINAL: ReadonlySet<ProcessStatus> = new Set<ProcessStatus>(['completed', 'failed', 'cancelled']);

/** The statuses that need somebody's decision; `retry` continues them. */
export const PARKED: ReadonlySet<ProcessStatus> = new Set<ProcessStatus>([
  'diverged',
  'compensation-stuck',
  'outcome-unknown',
  'poisoned',
  'history-limit',
]);

/** An error as the journal keeps it. */
export interface RecordedError {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly stack?: string;
}

/** One line of the list of processes. */
export interface ProcessSummary {
  /** `{ProcessName}:{id}`. */
  readonly id: string;
  readonly name: string;
  readonly status: ProcessStatus;
  /** Counts the runs of this id: more than 1 after `newRun` or `continueAsNew`. */
  readonly run: number;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly finishedAt?: number;
  /** When a waiting run goes on. */
  readonly waitingUntil?: number;
  readonly tags: readonly string[];
  /** The node that executes it now. */
  readonly owner?: string;
  readonly error?: RecordedError;
}

/** State of one step instance: a name with its occurrence. */
export interface ProcessStepView {
  /** `{name}:{occurrence}`, unique in the run. */
  readonly key: string;
  readonly name: string;
  readonly status:
    | 'running'
    | 'retrying'
    | 'completed'
    | 'failed'
    | 'unknown'
    | 'compensated'
    | 'compensation-failed'
    | 'compensation-skipped';
  readonly attempts: number;
  readonly startedAt: number;
  readonly finishedAt?: number;
  /** When the next attempt is made. */
  readonly retryAt?: number;
  readonly input?: unknown;
  readonly result?: unknown;
  readonly error?: RecordedError;
}

/** Everything about one run. */
export interface ProcessDetails extends ProcessSummary {
  readonly input: unknown;
  readonly result?: unknown;
  readonly steps: readonly ProcessStepView[];
  /** Events in its journal. */
  readonly events: number;
  /** Why it is where it is, in one sentence. */
  readonly explanation: string;
}

/** How far a run is. */
export interface ProcessProgress {
  readonly id: string;
  readonly name: string;
  readonly status: ProcessStatus;
  /** Keys of the steps that are running or waiting for their next attempt. */
  readonly currentSteps: readonly string[];
  readonly completedSteps: readonly string[];
  readonly failedSteps: readonly string[];
  readonly compensatedSteps: readonly string[];
  /** 0 to 1: completed steps over the steps of the definition; 1 when completed. Loops make it an estimate. */
  readonly progress: number;
  readonly explanation: string;
}

/** One event of a journal, for people. */
export interface ProcessEventView {
  /** Place in the journal, from 1. */
  readonly version: number;
  readonly type: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Which processes to list; all given conditions must hold. */
export interface ProcessFilter {
  readonly name?: string;
  readonly status?: ProcessStatus;
  readonly tag?: string;
  /** Started at or after, milliseconds since 1970. */
  readonly from?: number;
  /** Started before, milliseconds since 1970. */
  readonly to?: number;
  /** Most runs to return. Default 50, at most 500. Newest first. */
  readonly limit?: number;
  readonly cursor?: string;
}

/** A page of the list. */
export interface ProcessPage {
  readonly processes: readonly ProcessSummary[];
  /** Give it to the next call to go on; left out on the last page. */
  readonly cursor?: string;
}

/** What to do when the id already exists. */
export type ExistingProcessPolicy =
  /** Hand out the existing run, whatever its status. The default. */
  | 'attach'
  /** Throw `ProcessAlreadyExistsError`. */
  | 'reject'
  /** Start again if the last run is final; attach to it if it is not. */
  | 'newRun';

/** Options of `Processes.start`. */
export interface StartOptions {
  /** Default: the process' own `onExisting`, else `attach`. */
  readonly onExisting?: ExistingProcessPolicy;
  /** Takes the place of the id read from the command. Without the process name in front. */
  readonly id?: string;
  /** Make the run findable: `tag=customer:42`. */
  readonly tags?: readonly string[];
  readonly correlationId?: string;
  readonly causationId?: string;
  readonly tenant?: string;
}

/** Who asked for an operation, for the journal. */
export interface OperatorOptions {
  readonly by?: string;
  readonly reason?: string;
}

/** Options of a cancellation. */
export interface CancelOptions extends OperatorOptions {
  /** Undo completed steps first. Default true. */
  readonly compensate?: boolean;
}

/** What an operator decides about a compensation that gave up. */
export type CompensationDecision = 'retry' | 'skip' | 'done';
