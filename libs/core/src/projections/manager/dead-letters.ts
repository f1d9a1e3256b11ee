import type { RecordedEvent } from '../../event-sourcing/index.js';
import { isPromise } from '../../foundation/index.js';
import type { RecordWrite, StoredEvent } from '../../store/index.js';
import { generationModels } from '../model/generation-models.js';
import { DeferredChangeError, type ModelBatch } from '../model/model-batch.js';
import { DeadLetterNotFoundError, DeadLetterReplayError } from '../projection.errors.js';
import { EventContext } from '../run/projection-context.js';
import { Checkpoints } from '../state/checkpoint.js';
import { generationKey, replayedKey, shardKey } from '../state/collections.js';
import {
  DeadLetterRecords,
  keptError,
  letterId,
  type DeadLetter,
  type DeadLetterPage,
  type StoredDeadLetter,
} from '../state/dead-letter.js';
import { Fence } from '../state/fence.js';
import type { ProjectionNode } from './projection-node.js';
import type { ProjectionScope } from './scope.js';

/** What a replay did. */
export interface ReplayResult {
  /** Dead letters that are in the read model now. */
  readonly replayed: number;
  /** The one on which the projection threw again; it and those behind it stay. */
  readonly failed?: DeadLetter;
}

/**
 * Operations on the dead letters of one projection. While one is under way the projection is closed, so that nothing
 * new comes between; and it moves the version of the checkpoint, so that the owner reads again which keys are blocked.
 */
export class DeadLetterOperations {
  private readonly records: DeadLetterRecords;
  private readonly checkpoints: Checkpoints;

  constructor(
    private readonly node: ProjectionNode,
    private readonly scope: ProjectionScope,
  ) {
    this.records = new DeadLetterRecords(node.store);
    this.checkpoints = new Checkpoints(node.store);
  }

  list(limit: number, cursor?: string): Promise<DeadLetterPage> {
    return this.records.page(this.node.definition.name, limit, cursor);
  }

  /** @throws {DeadLetterNotFoundError} */
  async get(id: string): Promise<DeadLetter> {
    return (await this.find(id)).letter;
  }

  /**
   * Gives the projection this event and those of the same key behind it, in their order, until one fails.
   *
   * @throws {DeadLetterNotFoundError}
   * @throws {DeadLetterReplayError} an older one of its key stands before it, or its event is gone
   */
  async replay(id: string): Promise<ReplayResult> {
    const { letter } = await this.find(id);
    return this.closed(letter, async (fence) => {
      const isTaken = (await this.removeTaken(fence, letter)) === id;
      const letters = await this.records.ofKey(letter);
      if (!isTaken) assertFirst(letter, letters[0]?.letter);
      let replayed = isTaken ? 1 : 0;
      for (const next of letters) {
        const failure = await this.apply(fence, next);
        if (failure !== undefined) return { replayed, failed: failure };
        replayed++;
      }
      return { replayed };
    });
  }

  /**
   * Forgets a dead letter: its event will never be in this read model. Those behind it wait until they are replayed.
   *
   * @throws {DeadLetterNotFoundError}
   */
  async discard(id: string): Promise<void> {
    const { letter } = await this.find(id);
    await this.closed(letter, async (fence) => {
      const found = await this.find(id);
      await fence.commit([this.records.remove(found), await this.touched(letter)]);
    });
  }

  private async find(id: string): Promise<StoredDeadLetter> {
    const found = await this.records.get(this.node.definition.name, id);
    if (found === undefined) throw new DeadLetterNotFoundError(this.node.definition.name, id);
    return found;
  }

  private async closed<T>({ projection, generation }: DeadLetter, work: (fence: Fence) => Promise<T>): Promise<T> {
    const fence = await Fence.raise(this.node.store, generationKey(projection, generation));
    try {
      return await work(fence);
    } finally {
      await fence.abandon();
    }
  }

  /** The checkpoint as it is, in a new version. */
  private async touched({ projection, generation, partition }: DeadLetter): Promise<RecordWrite> {
    const shard = shardKey(projection, generation, partition);
    const { version, ...checkpoint } = await this.checkpoints.read(shard);
    return this.checkpoints.write(shard, checkpoint, version);
  }

  /** Commits one event; gives the letter as it stays when the projection threw again. */
  private async apply(fence: Fence, stored: StoredDeadLetter): Promise<DeadLetter | undefined> {
    const { letter } = stored;
    const event = await this.eventOf(letter);
    const models = generationModels(this.node, letter.generation, this.scope.codec);
    try {
      await this.run(event, models, letter);
    } catch (error) {
      const cause = error instanceof DeferredChangeError ? error.cause : error;
      const failed: DeadLetter = {
        ...letter,
        reason: 'failed',
        attempts: letter.attempts + 1,
        error: keptError(cause),
      };
      await fence.commit([this.records.write(failed, stored.recordVersion)]);
      return failed;
    }
    const writes: RecordWrite[] = [this.records.remove(stored), await this.touched(letter)];
    models.addWrites(writes);
    await fence.commit(writes);
    return undefined;
  }

  /**
   * A target commits for itself: a node that ended right after that has left a dead letter whose event is in the read
   * model. Removes it; gives its id.
   */
  private async removeTaken(
    fence: Fence,
    { projection, generation, partition }: DeadLetter,
  ): Promise<string | undefined> {
    const { target } = this.node.definition;
    if (target === undefined) return undefined;
    const position = await target.position(replayedKey(shardKey(projection, generation, partition)));
    const taken = await this.records.get(projection, letterId(generation, position));
    if (taken === undefined) return undefined;
    await fence.commit([this.records.remove(taken), await this.touched(taken.letter)]);
    return taken.letter.id;
  }

  /** With a target: in a transaction that also notes which dead letter it has taken, so that none is taken twice. */
  private async run(event: StoredEvent, models: ModelBatch, letter: DeadLetter): Promise<void> {
    const { target } = this.node.definition;
    if (target === undefined) return this.handle(event, models, letter, undefined);
    const checkpoint = replayedKey(shardKey(letter.projection, letter.generation, letter.partition));
    const from = await target.position(checkpoint);
    const applied = await target.apply({ checkpoint, from, to: letter.position }, (transaction) =>
      this.handle(event, models, letter, transaction),
    );
    if (!applied) throw new Error('Somebody else has replayed a dead letter meanwhile. List them again.');
  }

  private async handle(
    event: StoredEvent,
    models: ModelBatch,
    { generation }: DeadLetter,
    target: unknown,
  ): Promise<void> {
    const { registry } = this.scope;
    const prepared = registry.hasTransforms ? registry.prepareDecode([event]) : undefined;
    if (isPromise(prepared)) await prepared;
    const recorded = registry.decode(event) as RecordedEvent;
    const { definition } = this.node;
    const context = new EventContext(recorded, { models, generation, rebuilding: false, target });
    const done = definition.handlerOf(recorded.event)?.(recorded.event, context);
    if (isPromise(done)) await done;
    await models.settle();
  }

  private async eventOf({ position, projection, id }: DeadLetter): Promise<StoredEvent> {
    const page = await this.scope.store.readAll({ after: position - 1, limit: 1, closed: true });
    const [event] = page.events;
    if (event?.position === position) return event;
    const problem = 'its event was removed from the log. Discard the dead letter.';
    throw new DeadLetterReplayError(projection, id, problem);
  }
}

/** Those of one key go in their order. */
function assertFirst({ projection, id, key }: DeadLetter, first: DeadLetter | undefined): void {
  if (first === undefined) throw new DeadLetterNotFoundError(projection, id);
  if (first.id === id) return;
  const problem = `"${first.id}" of the same key "${key}" stands before it. Replay or discard that first.`;
  throw new DeadLetterReplayError(projection, id, problem);
}
