import { systemClock, type Clock } from '../foundation/index.js';
import type { EventLog, EventRegistry } from '../event-sourcing/index.js';
import type { Type } from '../messages/index.js';
import { JsonCodec, type Codec, type Store } from '../store/index.js';
import { defineProjection, type ProjectionDefinition } from './definition/projection-definition.js';
import { InlineParticipant } from './inline/inline-participant.js';
import { ProjectionManager } from './manager/projection-manager.js';
import type { ProjectionNode } from './manager/projection-node.js';
import { ProjectionSet } from './manager/projection-set.js';
import { resolveProjectionsOptions, type ResolvedProjectionsOptions } from './manager/projections.options.js';
import { ReadModels } from './manager/read-models.js';
import type { ProjectionTarget } from './run/projection-target.js';
import { Signal } from './run/signal.js';

/** What a {@link ProjectionRuntime} is made of. */
export interface ProjectionRuntimeOptions {
  readonly store: Store;
  readonly registry: EventRegistry;
  readonly log: EventLog;
  /** Encodes the values of read models. Default: JSON. */
  readonly codec?: Codec;
  readonly settings?: ResolvedProjectionsOptions;
  readonly clock?: Clock;
  readonly onWarning?: (message: string) => void;
  readonly onInfo?: (message: string) => void;
}

/** Milliseconds between two lines in the log while the application waits for inline projections. */
const TELL_EVERY = 5_000;

/**
 * The projections of one node, without Nest: for tests and for the module.
 *
 * @example
 * ```ts
 * const runtime = new ProjectionRuntime({ store, registry, log });
 * runtime.register(OrderList, new OrderList());
 * await runtime.start();
 * ```
 */
export class ProjectionRuntime {
  readonly projections: ProjectionManager;
  readonly readModels: ReadModels;
  private readonly set: ProjectionSet;
  private readonly participants: (() => void)[] = [];
  private readonly settings: ResolvedProjectionsOptions;
  private prepared: Promise<void> | undefined;
  private stopping = false;

  constructor(private readonly options: ProjectionRuntimeOptions) {
    const { store, registry, codec = new JsonCodec(), clock = systemClock } = options;
    const { settings = resolveProjectionsOptions(), onWarning: warn = () => {}, onInfo: log = () => {} } = options;
    this.settings = settings;
    this.set = new ProjectionSet({
      store,
      registry,
      codec,
      clock,
      options: settings,
      appended: new Signal(),
      warn,
      log,
    });
    this.projections = new ProjectionManager(() => this.set);
    this.readModels = new ReadModels(() => this.set);
  }

  /**
   * Adds a projection, before {@link start}.
   *
   * @param target its own database, when it names one
   * @throws {ProjectionDefinitionError}
   */
  register(type: Type<object>, instance: object, target?: ProjectionTarget<unknown>): void {
    this.registerDefinition(defineProjection(type, instance, target));
  }

  /** Adds a projection that was read before, perhaps with other settings: for tests. */
  registerDefinition(definition: ProjectionDefinition): void {
    this.set.add(definition);
  }

  /** How many projections there are. */
  get size(): number {
    return this.set.all.length;
  }

  /**
   * Reads what the store knows about the projections, and lets inline ones take part in commits: from here on no event
   * passes them by. {@link start} does it when nobody has.
   */
  prepare(): Promise<void> {
    return (this.prepared ??= this.open());
  }

  /**
   * Begins to work. Answers when every inline projection has its read model, because from then on commits keep it up;
   * the others catch up in the background.
   */
  async start(): Promise<void> {
    const { all } = this.set;
    await this.prepare();
    await Promise.all(all.filter((node) => this.isStarted(node)).map((node) => node.start()));
    await Promise.all(
      all.filter(({ definition }) => definition.mode === 'inline').map((node) => this.untilBuilt(node)),
    );
  }

  /** Ends the batches at hand, saves how far they got, and lets other nodes take over. */
  async stop(): Promise<void> {
    this.stopping = true;
    await Promise.all(this.set.all.map((node) => node.close()));
    this.leave();
  }

  /** As if the OS process had been killed: nothing is released. For tests. */
  crash(): void {
    this.stopping = true;
    for (const node of this.set.all) node.crash();
    this.leave();
  }

  private async open(): Promise<void> {
    this.set.watch();
    for (const node of this.set.all) {
      await node.open();
      if (node.definition.mode === 'inline') this.join(node);
    }
  }

  private leave(): void {
    this.set.unwatch();
    for (const leave of this.participants.splice(0)) leave();
  }

  /** A node that works on nothing must still be able to build an inline model: it cannot append without one. */
  private isStarted({ definition }: ProjectionNode): boolean {
    return this.settings.autoStart || definition.mode === 'inline';
  }

  private join(node: ProjectionNode): void {
    this.participants.push(this.options.log.addParticipant(new InlineParticipant(node, this.set.scope)));
  }

  private async untilBuilt(node: ProjectionNode): Promise<void> {
    const { name, version } = node.definition;
    let tellAt = Date.now() + TELL_EVERY;
    while (!this.stopping) {
      const seen = node.progress.count;
      const { live, building } = await node.refresh();
      if (live !== undefined && live.version >= version) return;
      if (building?.failure !== undefined) {
        const why = building.failure.error?.message ?? '';
        this.set.scope.warn(`Inline projection "${name}" could not be built, events for it cannot be appended: ${why}`);
        return;
      }
      if (Date.now() > tellAt) {
        const { rebuild } = await this.projections.status(name);
        const percent = Math.floor((rebuild?.progress ?? 0) * 100);
        this.set.scope.log(`Inline projection "${name}" is being built before the application starts: ${percent} %.`);
        tellAt = Date.now() + TELL_EVERY;
      }
      await node.progress.after(seen, 100);
    }
  }
}
