import type { Clock, RetryPolicy } from '../../foundation/index.js';
import type { Mediator } from '../../mediator/index.js';
import type { Codec, Store } from '../../store/index.js';
import type { ProcessRegistry } from './process-registry.js';
import { ProcessRun } from './process-run.js';
import type { Ownership, Run, RunEnvironment, RunLimits } from './run.js';
import type { RunIdentity } from './run-identity.js';
import type { RunRecord } from './run-record.js';
import type { RegisteredProcess } from './process-registry.js';

/** Runs that may be over before they are listed; more are listed all the same. */
const MOST_UNLISTED = 256;

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
 * Invariant: a run is executed by the one object that {@link active} holds for its id.
 */
export class EngineState {
  private readonly listed = new Map<string, ProcessRun>();
  private unlisted: ProcessRun[] = [];
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
    return new ProcessRun(this.env, process, values, identity);
  }

  /** Runs in the memory of this node, by id. */
  get active(): Map<string, ProcessRun> {
    if (this.unlisted.length > 0) this.list();
    return this.listed;
  }

  activate(run: ProcessRun): void {
    run.isListed = true;
    this.active.set(run.id, run);
  }

  /**
   * The same, for a run that may be over before anybody looks for it, as most in memory are. A map that is written and
   * deleted from all the time makes garbage that outlives the runs, so they get into it when somebody looks.
   */
  activateBriefly(run: ProcessRun): void {
    if (this.unlisted.length >= MOST_UNLISTED) this.list();
    this.unlisted.push(run);
  }

  private list(): void {
    const { unlisted } = this;
    this.unlisted = [];
    for (const run of unlisted) {
      if (run.isOver) continue;
      run.isListed = true;
      this.listed.set(run.id, run);
    }
  }

  /** Forgets a run, unless another one has taken its place. */
  deactivate(run: Run): void {
    if (run.isListed) {
      if (this.listed.get(run.id) === run) this.listed.delete(run.id);
    } else if (this.unlisted.at(-1) === run) {
      this.unlisted.pop();
    }
  }
}
