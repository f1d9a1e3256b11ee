import type { Clock, RetryPolicy } from '../../foundation/index.js';
import type { Mediator } from '../../mediator/index.js';
import type { Store } from '../../store/index.js';
import type { ProcessStatus } from '../api/process.types.js';
import type { Deadlines } from './deadlines.js';
import type { ProcessRun } from './process-run.js';
import type { RunRecord } from './run-record.js';
import type { TurnLoop } from './turn-loop.js';

/** Whether this node may begin effects for the runs it owns. */
export interface Ownership {
  /** Id of this node, as it stands in claims. */
  readonly owner: string;
  /** Calls back when the lease is certainly held: at once, or after it was renewed; never when it was lost. */
  whenValid(begin: () => void): void;
}

/** Bounds of a run; see `ProcessesOptions`. */
export interface RunLimits {
  readonly historyWarning: number;
  readonly historyLimit: number;
  /** Bytes of one encoded value. */
  readonly maxPayload: number;
  readonly warnPayload: number;
  readonly maxClaims: number;
  /** Waits longer than this, in milliseconds, leave memory. */
  readonly suspendAfter: number;
}

/** How a run left memory. */
export type RunOutcome =
  | { readonly kind: 'completed'; readonly result: unknown }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'cancelled'; readonly reason?: string }
  | { readonly kind: 'continued'; readonly command: object }
  | { readonly kind: 'parked'; readonly status: ProcessStatus; readonly explanation: string }
  /** Waits for a time; the store keeps it. */
  | { readonly kind: 'suspended'; readonly until: number }
  /** Another node owns it, or this one shuts down. */
  | { readonly kind: 'abandoned' };

/** What every run of one engine shares. */
export interface RunEnvironment {
  readonly store: Store;
  readonly mediator: Mediator;
  readonly clock: Clock;
  readonly turns: TurnLoop;
  readonly deadlines: Deadlines;
  readonly ownership: Ownership;
  readonly limits: RunLimits;
  readonly defaults: { readonly timeout: number; readonly retry: RetryPolicy };
  /** The run leaves memory. */
  over(run: ProcessRun, outcome: RunOutcome): void;
  /** The result of a run, whenever and wherever it comes about. */
  resultOf(id: string): Promise<unknown>;
  /** A step on a store in memory timed out: the run goes on as a replay of itself. */
  replay(run: ProcessRun): void;
  /** When a run with this line is removed, milliseconds since 1970. */
  removeAt(record: RunRecord): number | undefined;
  /** The first commit found the id taken. */
  idTaken(run: ProcessRun): void;
  /** The first commit found the store away. */
  startFailed(run: ProcessRun, error: unknown): void;
  reportInfrastructure(id: string, step: string | undefined, error: unknown): void;
  warn(message: string): void;
}
