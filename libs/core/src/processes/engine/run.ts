import type { Clock, RetryPolicy } from '../../foundation/index.js';
import type { Mediator } from '../../mediator/index.js';
import type { Payload, Store } from '../../store/index.js';
import type { ProcessStatus } from '../api/process.types.js';
import type { Journal } from '../journal/journal.js';
import type { EventMeta } from '../journal/journal-event.js';
import type { Values } from '../journal/values.js';
import type { CallScope, CompiledProcess } from './compiled-process.js';
import type { CompiledStep } from './compiled-step.js';
import type { Deadlines, Expirable } from './deadlines.js';
import type { RecordChange, RunRecord } from './run-record.js';
import type { TurnLoop, TurnTask } from './turn-loop.js';
import type { RunIdentity } from './run-identity.js';

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
  over(run: Run, outcome: RunOutcome): void;
  /** The result of a run, whenever and wherever it comes about. */
  resultOf(id: string): Promise<unknown>;
  /** A step on a store in memory timed out: the run goes on as a replay of itself. */
  replay(run: Run): void;
  /** When a run with this line is removed, milliseconds since 1970. */
  removeAt(record: RunRecord): number | undefined;
  /** The first commit found the id taken. */
  idTaken(run: Run): void;
  /** The first commit found the store away. */
  startFailed(run: Run, error: unknown): void;
  reportInfrastructure(id: string, step: string | undefined, error: unknown): void;
  /** Nothing is begun, or written down as begun, any more. */
  isStopping(): boolean;
  warn(message: string): void;
}

/** Why a flow has ended without a result, and completed steps are undone. */
export interface Cause {
  readonly as: 'failed' | 'cancelled';
  readonly error: unknown;
  readonly compensate: boolean;
  readonly reason?: string;
}

/** How a step ended: what the flow is going to see. */
export type StepEnd = { readonly ok: true; readonly value: Payload } | { readonly ok: false; readonly error: Payload };

/** A call of a step that has not ended, as its run sees it. */
export interface OpenCall {
  /** When the attempt under way is given up, milliseconds since 1970; Infinity between attempts. */
  readonly deadline: number;
  /** When the next attempt is made; undefined while one is under way. */
  readonly wakesAt: number | undefined;
  /** The deadline has passed. */
  expire(): void;
  /** Asks the body to stop; what it answers still counts. */
  abort(reason: unknown): void;
  /** No attempt follows any more; one under way may still give its answer. */
  noMoreAttempts(): void;
  /** Nothing this call does counts any more. */
  stop(reason: unknown): void;
  /** Lets the flow go on. */
  deliver(end: StepEnd): void;
}

/** A run, as its parts see it. */
export interface Run extends TurnTask, Expirable {
  /** Among the active runs of the engine; set by it. */
  isListed: boolean;
  readonly env: RunEnvironment;
  readonly process: CompiledProcess;
  readonly values: Values;
  readonly identity: RunIdentity;
  readonly id: string;
  /** Stands in idempotency keys. */
  readonly runId: string;
  readonly stream: string;
  readonly startedAt: number;
  readonly journal: Journal;
  /** The `this` of `execute`. */
  readonly view: object | undefined;
  /** Time of the last thing the flow has seen. */
  flowTime: number;
  readonly flowEnded: boolean;
  /** May new attempts begin? */
  readonly mayBegin: boolean;
  readonly isOver: boolean;
  /** Aborted when the run ends. */
  readonly signal: AbortSignal;
  /** The step under way on the fast path. */
  current: Pick<OpenCall, 'deadline' | 'expire' | 'abort'> | undefined;

  callStep(step: CompiledStep, args: unknown[]): Promise<unknown>;
  /** Who a step is to the outside. */
  identify(key: string): CallScope;
  patched(id: string): boolean;
  callBegun(call: OpenCall): void;
  /** A call has ended, or never will: then without `end`. */
  callEnded(call: OpenCall, end?: StepEnd): void;
  /** A call waits for its next attempt. */
  callWaits(): void;
  /** The step of the fast path has ended after the flow had. */
  callSettled(): void;

  /** Writes the run's line in the index with the next commit. */
  index(status: ProcessStatus, change?: RecordChange, ifVersion?: number): void;
  /** Ends a cancelled or failed run, after its compensation. */
  ended(cause: Cause, undone: boolean): void;
  /** Leaves the run to somebody's decision. */
  park(status: ProcessStatus, explanation: string): void;
  /** The compensation could not read the journal: it is begun once more. */
  restartEnd(): void;
  /** Stops silently: nothing more is written, begun or undone. */
  abandon(): void;
  /** Somebody has asked in the journal for the run to be cancelled. */
  cancelRequested(request: EventMeta): void;
}

/** For what must not go on. A new one each time: nobody settles it, so it is collected with whoever awaits it. */
export function never(): Promise<never> {
  return new Promise(() => {});
}
