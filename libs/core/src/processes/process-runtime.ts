import type { Clock, RetryPolicy } from '../foundation/index.js';
import { systemClock } from '../foundation/index.js';
import type { Mediator } from '../mediator/index.js';
import type { Codec, Store } from '../store/index.js';
import { ProcessesService } from './api/processes.service.js';
import type { Processes } from './api/processes.js';
import type { ProcessBlueprint } from './definition/blueprint.js';
import { ProcessEngine } from './engine/process-engine.js';

import type { Ownership, Run, RunLimits } from './engine/run.js';
import { isTerminal, type RunRecord } from './engine/run-record.js';
import { NodeLease, SoleOwnership } from './recovery/node-lease.js';
import { Recovery } from './recovery/recovery.js';
import { releaseRuns } from './recovery/release.js';
import { Redaction } from './views/redact.js';
import { RetentionInMemory } from './recovery/retention-in-memory.js';

/** Settings of a runtime; see `ProcessesOptions`, from which they come. Durations in milliseconds. */
export interface RuntimeSettings {
  readonly lease: number;
  readonly limits: RunLimits;
  readonly defaults: { readonly timeout: number; readonly retry: RetryPolicy };
  /** Fields left out of views. */
  readonly redact?: readonly string[];
  readonly retention: { readonly age?: number | undefined; readonly count?: number | undefined };
}

export interface RuntimeOptions {
  readonly store: Store;
  readonly mediator: Mediator;
  readonly codec: Codec;
  readonly settings: RuntimeSettings;
  readonly clock?: Clock;
  readonly warn?: (message: string) => void;
  readonly log?: (message: string) => void;
}

/**
 * Everything that executes processes, without Nest: the engine, this node's lease, and the look for what others have
 * left behind.
 */
export class ProcessRuntime {
  readonly engine: ProcessEngine;
  readonly processes: Processes;
  private readonly blueprints = new Map<string, ProcessBlueprint>();
  private readonly lease: NodeLease | undefined;
  /** Of each process, on a store in memory. */
  private readonly retentions = new Map<string, RetentionInMemory>();
  private readonly recovery: Recovery;

  constructor(private readonly options: RuntimeOptions) {
    const { store, mediator, codec, settings } = options;
    const clock = options.clock ?? systemClock;
    const warn = options.warn ?? (() => {});
    const others = store.capabilities.shared || store.capabilities.durable;
    this.lease = others
      ? new NodeLease({ store, clock, lease: settings.lease, warn, onLost: () => this.engine.abandonAll() })
      : undefined;
    const ownership: Ownership = this.lease ?? new SoleOwnership();
    const { age } = settings.retention;
    // Memory ends sooner than a disk.
    const count = settings.retention.count ?? (others ? undefined : 10_000);
    const retain = (run: Run): void => {
      const { name } = run.process.blueprint;
      let retention = this.retentions.get(name);
      if (!retention) {
        retention = new RetentionInMemory({ store, clock, age, count: count ?? Number.POSITIVE_INFINITY });
        this.retentions.set(name, retention);
      }
      retention.add(run);
    };
    this.engine = new ProcessEngine({
      store,
      mediator,
      codec,
      ownership,
      limits: settings.limits,
      defaults: settings.defaults,
      warn,
      clock,
      ...(age === undefined ? {} : { removeAt: (record: RunRecord) => removeAt(record, age) }),
      onSuspended: (until) => this.recovery.wakeAt(until),
      ...(others ? {} : { onFinal: retain }),
    });
    this.recovery = new Recovery({
      store,
      engine: this.engine,
      clock,
      self: () => ownership.owner,
      lease: settings.lease,
      others,
      count: others ? settings.retention.count : undefined,
      names: () => this.blueprints.keys(),
      warn,
      log: options.log ?? (() => {}),
    });
    this.processes = new ProcessesService(store, this.engine, this.blueprints, new Redaction(settings.redact ?? []));
  }

  register(blueprint: ProcessBlueprint, instance: object): void {
    this.blueprints.set(blueprint.name, blueprint);
    this.engine.register(blueprint, instance);
  }

  /** Takes part: from now on runs are executed here, also those that others have left behind. */
  async start(): Promise<void> {
    await this.lease?.start();
    await this.recovery.start();
  }

  /** Leaves: answers under way are waited for and written, everything else is released for others to go on with. */
  async stop(drain: number): Promise<void> {
    await this.recovery.stop();
    for (const retention of this.retentions.values()) retention.stop();
    const left = await this.engine.stop(drain);
    await this.release(left).catch(() => undefined); // others find them when the lease has expired
    await this.lease?.stop();
  }

  /** Stops at once and writes nothing, as a killed process would. For tests. */
  crash(): void {
    this.engine.crash();
    this.lease?.crash();
    for (const retention of this.retentions.values()) retention.stop();
    void this.recovery.stop();
  }

  private async release(ids: readonly string[]): Promise<void> {
    if (this.lease) await releaseRuns(this.options.store, this.engine, this.lease.owner, ids);
  }
}

function removeAt(record: RunRecord, age: number): number | undefined {
  if (!isTerminal(record.status)) return undefined;
  return (record.finishedAt ?? record.startedAt) + age;
}
