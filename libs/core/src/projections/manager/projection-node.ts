import { MemoryStore, type EventQuery, type Store } from '../../store/index.js';
import type { ProjectionDefinition } from '../definition/projection-definition.js';
import { beginBuilding, dropBuilding, firstState, needsRebuild } from '../rebuild/begin.js';
import { removeGeneration } from '../rebuild/remove-generation.js';
import { trySwap } from '../rebuild/swap.js';
import { Membership } from '../run/membership.js';
import type { PauseError } from '../run/event-failure.js';
import { ShardLeases } from '../run/shard-lease.js';
import { ShardRun } from '../run/shard-run.js';
import { keyOfShard, type Shard } from '../run/shard.js';
import { Signal } from '../run/signal.js';
import { keptError } from '../state/dead-letter.js';
import {
  ProjectionStates,
  type Generation,
  type ProjectionPause,
  type ProjectionState,
} from '../state/projection-state.js';
import { headOf, type ProjectionScope } from './scope.js';

/** Milliseconds between two attempts to swap. */
const SWAP_AGAIN = 50;
/** Milliseconds before a swap or removal that has failed is tried again: a store that is away is not hurried. */
const FAILED_AGAIN = 250;

/**
 * One projection on this node: works on its shards as far as nobody else does, and follows what the state in the store
 * says about it. Everything it decides, it decides by {@link reconcile}: what should run is compared with what runs.
 */
export class ProjectionNode {
  /** Where its models and notes are: the memory of this node for a live projection. */
  readonly store: Store;
  readonly query: EventQuery;
  readonly states: ProjectionStates;
  readonly leases: ShardLeases;
  private readonly members: Membership;
  /** Fired when a shard got further, here or on another node, and when the state has changed. */
  readonly progress = new Signal();
  /** As it was last read. */
  state: ProjectionState = { last: 0, obsolete: [] };
  private readonly runs = new Map<string, ShardRun>();
  private wanted = false;
  private stateVersion = 0;
  private refreshedAt = Number.NEGATIVE_INFINITY;
  private queued = false;
  private reconciling: Promise<void> = Promise.resolve();
  private swapping: Promise<void> | undefined;
  private swapTimer: NodeJS.Timeout | undefined;
  private removeTimer: NodeJS.Timeout | undefined;

  constructor(
    readonly definition: ProjectionDefinition,
    private readonly scope: ProjectionScope,
  ) {
    this.store = definition.mode === 'live' ? new MemoryStore() : scope.store;
    this.query = definition.query(scope.registry);
    this.states = new ProjectionStates(this.store);
    this.leases = new ShardLeases({
      store: this.store,
      clock: scope.clock,
      lease: scope.options.lease,
      onLost: (shard) => void this.lost(shard),
    });
    const group = `${definition.name}/v${definition.version}`;
    this.members = new Membership(this.store, group, this.leases.owner, scope.options.lease);
  }

  /** Whether this node takes part. */
  get started(): boolean {
    return this.wanted;
  }

  /** The shards this node works on. */
  get active(): readonly ShardRun[] {
    return [...this.runs.values()];
  }

  run(shard: string): ShardRun | undefined {
    return this.runs.get(shard);
  }

  /** Reads the state, gives the projection its first one, and begins a rebuild when the code has a newer version. */
  async open(): Promise<void> {
    const { definition } = this;
    const head = await headOf(this.scope.store);
    const now = this.scope.clock.now();
    this.state = await this.states.change(definition.name, (state) => {
      if (state.last === 0) return firstState(state, definition, now, head);
      if (!needsRebuild(state, definition)) return undefined;
      this.scope.log(
        `Projection "${definition.name}" has version ${definition.version} now: it is built anew beside the live model.`,
      );
      return beginBuilding(state, definition, now, head);
    });
  }

  start(): Promise<void> {
    if (!this.wanted) {
      this.wanted = true;
      this.leases.start();
    }
    return this.reconcile();
  }

  /** Stops working here; other nodes take over. */
  async stop(): Promise<void> {
    this.wanted = false;
    this.clearTimers();
    await this.reconcile();
    await this.members.leave();
    await this.swapping;
  }

  /** Ends for good. */
  async close(): Promise<void> {
    await this.stop();
    this.leases.stop();
  }

  /** Compares what should run with what runs. Calls while it is at work are answered by one more look. */
  reconcile(): Promise<void> {
    if (this.queued) return this.reconciling;
    this.queued = true;
    this.reconciling = this.reconciling.then(() => this.look());
    return this.reconciling;
  }

  /** Reads the state again. */
  async refresh(): Promise<ProjectionState> {
    this.refreshedAt = this.scope.clock.monotonic();
    const { state, version } = await this.states.read(this.definition.name);
    this.state = state;
    if (version !== this.stateVersion) this.progress.fire();
    this.stateVersion = version;
    return state;
  }

  /** The state, read again when what is known is older than so many milliseconds. Notices keep it fresh as a rule. */
  async freshState(most: number): Promise<ProjectionState> {
    return this.scope.clock.monotonic() - this.refreshedAt > most ? this.refresh() : this.state;
  }

  /** Changes the state for all nodes, and follows it here. */
  async change(change: (state: ProjectionState) => ProjectionState | undefined): Promise<void> {
    this.state = await this.states.change(this.definition.name, change);
    this.progress.fire();
    await this.reconcile();
  }

  async rebuild(): Promise<void> {
    const head = await headOf(this.scope.store);
    await this.change((state) => beginBuilding(state, this.definition, this.scope.clock.now(), head));
  }

  async cancelRebuild(): Promise<void> {
    await this.change((state) => dropBuilding(state, this.scope.clock.now()));
  }

  /** As if the OS process had ended here. For tests. */
  crash(): void {
    this.wanted = false;
    this.clearTimers();
    for (const run of this.runs.values()) run.crash();
    this.leases.stop();
  }

  private clearTimers(): void {
    clearTimeout(this.swapTimer);
    clearTimeout(this.removeTimer);
    // Or nothing would be planned when it is started again.
    this.swapTimer = this.removeTimer = undefined;
  }

  private async look(): Promise<void> {
    this.queued = false;
    try {
      await this.refresh();
      const shards = new Map(this.shards().map((shard) => [keyOfShard(shard), shard]));
      const stale = [...this.runs.values()].filter((run) => !this.fits(run, shards.get(run.key)));
      await Promise.all(stale.map((run) => this.end(run)));
      await this.spread([...shards.values()]);
      this.planRemoval();
    } catch (error) {
      this.scope.warn(
        `Projection "${this.definition.name}": ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }

  /** Takes what nobody has, up to this node's share of each generation, and gives away what is more than that. */
  private async spread(shards: readonly Shard[]): Promise<void> {
    for (const generation of new Set(shards.map((shard) => shard.generation))) {
      const all = shards.filter((shard) => shard.generation === generation);
      const own = all.filter((shard) => this.runs.has(keyOfShard(shard)));
      const share = await this.shareOf(generation.partitions);
      for (const shard of own.slice(share)) await this.end(this.runs.get(keyOfShard(shard)) as ShardRun);
      let room = share - own.length;
      for (const shard of all) {
        if (room <= 0) break;
        const key = keyOfShard(shard);
        if (!this.runs.has(key) && (await this.begin(key, shard))) room--;
      }
    }
  }

  private async shareOf(partitions: number): Promise<number> {
    if (partitions === 1 || !this.store.capabilities.shared) return partitions;
    await this.members.join(this.scope.clock.monotonic());
    return this.members.share(partitions);
  }

  /** What this node should work on, as far as nobody else does. */
  private shards(): readonly Shard[] {
    const { definition } = this;
    const { live, building, paused } = this.state;
    if (!this.wanted || paused !== undefined) return [];
    const shards: Shard[] = [];
    const add = (generation: Generation, rebuilding: boolean): void => {
      for (let partition = 0; partition < generation.partitions; partition++)
        shards.push({ definition, generation, partition, rebuilding });
    };
    // Of another version: that is for the nodes with that code.
    if (live?.version === definition.version && definition.mode !== 'inline') add(live, false);
    if (building?.version === definition.version && building.failure === undefined) add(building, true);
    return shards;
  }

  /** A shard that was being built and is live now goes on as it is, but its methods are told. */
  private fits(run: ShardRun, shard: Shard | undefined): boolean {
    return shard !== undefined && shard.rebuilding === run.shard.rebuilding;
  }

  private async begin(key: string, shard: Shard): Promise<boolean> {
    if (!(await this.leases.take(key)) || !this.wanted) return false;
    const { registry, codec, appended, warn, store } = this.scope;
    const run = new ShardRun({
      shard,
      registry,
      codec,
      appended,
      warn,
      log: store,
      store: this.store,
      query: this.query,
      progress: this.progress,
      onPause: (error) => this.paused(shard, error),
      onCaughtUp: () => this.caughtUp(shard),
      onDeadLetter: (event, error) =>
        warn(
          `Projection ${key} could not take event ${event.position} ("${event.type}" of stream "${event.stream}"), it is a dead letter now: ${error instanceof Error ? error.message : String(error)}`,
        ),
    });
    this.runs.set(key, run);
    run.start();
    return true;
  }

  private async end(run: ShardRun): Promise<void> {
    await run.stop();
    this.runs.delete(run.key);
    await this.leases.release(run.key);
  }

  private async lost(shard: string): Promise<void> {
    const run = this.runs.get(shard);
    if (run === undefined) return;
    this.scope.warn(`This node has lost its lease of projection ${shard}; another node goes on with it.`);
    await run.stop();
    if (this.runs.get(shard) === run) this.runs.delete(shard);
    await this.reconcile();
  }

  private async paused(shard: Shard, { event, attempts, cause }: PauseError): Promise<void> {
    const { position, stream, type } = event;
    const pause: ProjectionPause = {
      at: this.scope.clock.now(),
      error: keptError(cause),
      event: { position, stream, type, attempts },
    };
    await this.states.change(this.definition.name, (state) => {
      if (!shard.rebuilding) return state.paused === undefined ? { ...state, paused: pause } : undefined;
      const { building } = state;
      if (building?.generation !== shard.generation.generation || building.failure !== undefined) return undefined;
      // The live model is not concerned.
      return { ...state, building: { ...building, failure: pause } };
    });
    void this.reconcile();
  }

  private caughtUp({ rebuilding, partition }: Shard): void {
    // One node tries, the one that has the first partition.
    if (rebuilding && partition === 0) this.planSwap(0);
  }

  private planSwap(delay: number): void {
    if (this.swapping !== undefined || this.swapTimer !== undefined) return;
    this.swapTimer = setTimeout(() => {
      this.swapTimer = undefined;
      this.swapping = this.swap().finally(() => (this.swapping = undefined));
    }, delay);
    this.swapTimer.unref();
  }

  private async swap(): Promise<void> {
    const { definition, store, scope } = this;
    const before = this.state.building;
    if (!this.wanted || before === undefined) return;
    let done = false;
    let again = SWAP_AGAIN;
    try {
      done = await trySwap({ definition, store, log: scope.store, now: scope.clock.now() });
      if (done) scope.log(`Projection "${definition.name}": generation ${before.generation} is live now.`);
    } catch (error) {
      again = FAILED_AGAIN;
      scope.warn(
        `Projection "${definition.name}" could not be swapped yet: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
    void this.reconcile().then(() => {
      if (!done && this.wanted && this.state.building !== undefined) this.planSwap(again);
    });
  }

  private planRemoval(least = 0): void {
    const [oldest] = this.state.obsolete;
    if (oldest === undefined || !this.wanted || this.removeTimer !== undefined) return;
    const wait = Math.max(least, oldest.since + this.scope.options.removeAfter - this.scope.clock.now());
    this.removeTimer = setTimeout(() => {
      void this.removeObsolete().then((done) => {
        this.removeTimer = undefined;
        if (!done) this.planRemoval(FAILED_AGAIN);
        return this.reconcile();
      });
    }, wait);
    this.removeTimer.unref();
  }

  /** False: something is left that could not be removed. */
  private async removeObsolete(): Promise<boolean> {
    let done = true;
    const due = this.scope.clock.now() - this.scope.options.removeAfter;
    for (const obsolete of this.state.obsolete.filter(({ since }) => since <= due)) {
      try {
        await removeGeneration(this.store, this.definition, obsolete);
      } catch (error) {
        done = false;
        this.scope.warn(
          `Generation ${obsolete.generation} of projection "${this.definition.name}" could not be removed yet: ${error instanceof Error ? error.message : String(error)}`,
        );
      }
    }
    return done;
  }
}
