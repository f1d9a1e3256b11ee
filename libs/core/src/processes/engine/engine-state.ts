import type { Clock, RetryPolicy } from '../../foundation/index.js';
import type { Mediator } from '../../mediator/index.js';
import type { Codec, Store } from '../../store/index.js';
import type { ProcessRegistry } from './process-registry.js';
import { ProcessRun } from './process-run.js';
import type { Ownership, Run, RunEnvironment, RunIdentity, RunLimits } from './run.js';
import type { RunRecord } from './run-record.js';
import type { RegisteredProcess } from './process-registry.js';

/** What an engine is made of. */
export interface EngineOptions {
  readonly store: Store;
  readonly mediator: Mediator;
  readonly codec: Codec;
  readonly ownership: Ownership;
  readonly limits: RunLimits;
  readonly defaults: { readonly timeout: number; readonly retry: RetryPolicy };
  /** When a run with this line is removed; undefined: never by age. */
  readonly removeAt?: (record: RunRecord) => number | undefined;
  readonly clock?: Clock;
  readonly warn?: (message: string) => void;
  /** A run has become final. */
  readonly onFinal?: (run: Run) => void;
  /** A run waits for this time. */
  readonly onSuspended?: (until: number) => void;
}

/**
 * What the parts of one engine share.
 *
 * Invariant: a run is executed by the one object that `active` holds for its id.
 */
export class EngineState {
  readonly active = new Map<string, ProcessRun>();
  /** Nothing begins any more. */
  stopping = false;
  env!: RunEnvironment;

  constructor(
    readonly options: EngineOptions,
    readonly registry: ProcessRegistry,
  ) {}

  /** The store takes events without waiting. */
  get direct(): boolean {
    return this.options.store.openDirect !== undefined;
  }

  /** A run of this engine; it executes nothing yet. */
  newRun({ process, values }: RegisteredProcess, identity: RunIdentity): ProcessRun {
    return new ProcessRun(this.env, process, values, identity, this.direct);
  }

  activate(run: ProcessRun): void {
    this.active.set(run.id, run);
  }

  /** Forgets a run, unless another one has taken its place. */
  deactivate(run: Run): void {
    if (this.active.get(run.id) === run) this.active.delete(run.id);
  }
}
