import { toMilliseconds, type Duration } from '../../foundation/index.js';
import { ProjectionStateError, ProjectionWaitTimeoutError } from '../projection.errors.js';
import type { DeadLetter, DeadLetterPage } from '../state/dead-letter.js';
import { resumed } from '../state/projection-state.js';
import { DeadLetterOperations, type ReplayResult } from './dead-letters.js';
import { Lag } from './lag.js';
import type { ProjectionNode } from './projection-node.js';
import type { ProjectionReference, ProjectionSet } from './projection-set.js';
import type { ProjectionStatus } from './projection-status.js';
import { readStatus } from './read-status.js';

/** Who asks for an operation, and why; kept with it. */
export interface OperatorNote {
  readonly by?: string | undefined;
  readonly reason?: string | undefined;
}

/** Options of {@link ProjectionManager.waitFor}. */
export interface WaitOptions {
  /** Default 5 s. */
  readonly timeout?: Duration | undefined;
}

/** Options of {@link ProjectionManager.deadLetters}. */
export interface DeadLetterQuery {
  /** Most dead letters to return. Default 100. */
  readonly limit?: number | undefined;
  /** {@link DeadLetterPage.cursor} of the page before. */
  readonly cursor?: string | undefined;
}

/** Milliseconds between two looks at projections that run on other nodes, should no notice come. */
const LOOK = 100;

/**
 * Operates the projections of the application. Injectable. Projections are named by their class or by their name; a
 * name that nobody has is an {@link UnknownProjectionError}.
 *
 * `start` and `stop` are about this node; `pause`, `resume` and `rebuild` are stored and hold for all nodes and after a
 * restart.
 */
export class ProjectionManager {
  constructor(private readonly projections: () => ProjectionSet) {}

  /** Names of all projections. */
  get names(): readonly string[] {
    return this.set.all.map(({ definition }) => definition.name);
  }

  /** Lets this node work on it; without a name on all. Done by itself unless `projections.autoStart` is false. */
  async start(projection?: ProjectionReference): Promise<void> {
    await Promise.all(this.some(projection).map((node) => node.start()));
  }

  /** This node stops working on it once the batch at hand is committed; other nodes go on. Inline ones have no part. */
  async stop(projection?: ProjectionReference): Promise<void> {
    await Promise.all(this.some(projection).map((node) => node.stop()));
  }

  /**
   * Lets it stand still on all nodes, until {@link resume}; its read model can still be read.
   *
   * @throws {ProjectionStateError} it is inline
   */
  async pause(projection: ProjectionReference, { by, reason }: OperatorNote = {}): Promise<void> {
    const node = this.set.get(projection);
    const { name, mode } = node.definition;
    if (mode === 'inline') {
      throw new ProjectionStateError(name, 'is inline: it is part of every commit and cannot stand still.');
    }
    const pause = {
      at: this.set.scope.clock.now(),
      ...(by === undefined ? {} : { by }),
      ...(reason === undefined ? {} : { reason }),
    };
    await node.change((state) => (state.paused === undefined ? { ...state, paused: pause } : undefined));
  }

  /** Lets it go on, also a rebuild that has failed. Does nothing when it is under way. */
  async resume(projection: ProjectionReference): Promise<void> {
    await this.set.get(projection).change((state) => {
      const isStanding = state.paused !== undefined || state.building?.failure !== undefined;
      return isStanding ? resumed(state) : undefined;
    });
  }

  /**
   * Builds the read model anew from the whole log, beside the live one, and puts it in its place when it has caught up.
   * Answers when the rebuild has begun; see {@link status} for how far it is, {@link rebuilt} to wait for its end. One
   * that is under way starts again.
   */
  async rebuild(projection: ProjectionReference): Promise<void> {
    await this.set.get(projection).rebuild();
  }

  /** Waits until no rebuild is under way. @throws {ProjectionStateError} it has failed */
  async rebuilt(projection: ProjectionReference): Promise<void> {
    const node = this.set.get(projection);
    for (;;) {
      const seen = node.progress.count;
      const { building } = await node.refresh();
      if (building === undefined) return;
      if (building.failure !== undefined) {
        const why = building.failure.error?.message ?? 'unknown';
        throw new ProjectionStateError(node.definition.name, `could not be rebuilt: ${why}. Mend it, then resume it.`);
      }
      await node.progress.after(seen, LOOK);
    }
  }

  /** Drops a rebuild under way; the live model stays. Does nothing when there is none. */
  async cancelRebuild(projection: ProjectionReference): Promise<void> {
    await this.set.get(projection).cancelRebuild();
  }

  /** How a projection is, on whatever node it runs. */
  async status(projection: ProjectionReference): Promise<ProjectionStatus> {
    return readStatus(this.set.get(projection), this.set.scope);
  }

  /** How all projections are, in the order of their names. */
  async list(): Promise<readonly ProjectionStatus[]> {
    const nodes = [...this.set.all].sort((a, b) => (a.definition.name < b.definition.name ? -1 : 1));
    return Promise.all(nodes.map((node) => readStatus(node, this.set.scope)));
  }

  /**
   * Waits until the read model has everything up to this position: to read one's own writes. Give it the `position` that
   * `append` and `save` answer.
   *
   * @throws {ProjectionWaitTimeoutError}
   * @example
   * ```ts
   * const { position } = await log.append(`order-${id}`, [new OrderPlaced(id)]);
   * await projections.waitFor(OrderList, position, { timeout: '2s' });
   * ```
   */
  async waitFor(
    projection: ProjectionReference,
    position: number,
    { timeout = '5s' }: WaitOptions = {},
  ): Promise<void> {
    const node = this.set.get(projection);
    const limit = toMilliseconds(timeout, 'waitFor.timeout');
    const giveUp = this.set.scope.clock.monotonic() + limit;
    for (;;) {
      const seen = node.progress.count;
      if (await this.hasReached(node, position)) return;
      const left = giveUp - this.set.scope.clock.monotonic();
      if (left <= 0) throw await this.late(node, position, limit);
      await node.progress.after(seen, Math.min(left, LOOK));
    }
  }

  /** Events that the projection could not take, and those that wait behind them; oldest first. */
  deadLetters(projection: ProjectionReference, { limit = 100, cursor }: DeadLetterQuery = {}): Promise<DeadLetterPage> {
    return this.letters(projection).list(limit, cursor);
  }

  /** @throws {DeadLetterNotFoundError} */
  deadLetter(projection: ProjectionReference, id: string): Promise<DeadLetter> {
    return this.letters(projection).get(id);
  }

  /**
   * Gives the projection the event again, and then those of the same key that wait behind it, until one fails.
   *
   * @throws {DeadLetterNotFoundError}
   * @throws {DeadLetterReplayError} an older one of the same key stands before it, or its event is gone
   */
  replay(projection: ProjectionReference, id: string): Promise<ReplayResult> {
    return this.letters(projection).replay(id);
  }

  /** Forgets a dead letter: its event will not be in this read model. @throws {DeadLetterNotFoundError} */
  discard(projection: ProjectionReference, id: string): Promise<void> {
    return this.letters(projection).discard(id);
  }

  private get set(): ProjectionSet {
    return this.projections();
  }

  private some(projection: ProjectionReference | undefined): readonly ProjectionNode[] {
    return projection === undefined ? this.set.all : [this.set.get(projection)];
  }

  private letters(projection: ProjectionReference): DeadLetterOperations {
    return new DeadLetterOperations(this.set.get(projection), this.set.scope);
  }

  private async hasReached(node: ProjectionNode, position: number): Promise<boolean> {
    const { live } = node.state;
    if (live === undefined || live.version < node.definition.version) return false;
    // The model is in the commit of the events.
    if (node.definition.mode === 'inline') return true;
    return new Lag(node, this.set.scope).hasReached(live, position);
  }

  private async late(node: ProjectionNode, position: number, limit: number): Promise<ProjectionWaitTimeoutError> {
    const { name } = node.definition;
    const { position: reached, condition } = await readStatus(node, this.set.scope);
    const why = condition === 'running' ? '' : ` and ${condition}`;
    return new ProjectionWaitTimeoutError(name, position, limit, reached, why);
  }
}
