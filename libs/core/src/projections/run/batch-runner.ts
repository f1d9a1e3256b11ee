import type { EventRegistry, RecordedEvent } from '../../event-sourcing/index.js';
import { backoffDelay, isPromise, type MaybePromise } from '../../foundation/index.js';
import type { Codec, RecordWrite, Store, StoredEvent } from '../../store/index.js';
import { ModelBatch } from '../model/model-batch.js';
import { modelValues } from '../model/model-values.js';
import { Checkpoints, type StoredCheckpoint } from '../state/checkpoint.js';
import { CHECKPOINTS, modelCollection } from '../state/collections.js';
import { deadLetterOf, DeadLetterRecords, type LetterOrigin } from '../state/dead-letter.js';
import { isClosed, isConflictIn, openGeneration } from '../state/fence.js';
import { failureAt, isInfrastructure, mayRetry, PauseError, type EventFailure } from './event-failure.js';
import { EventContext, type BatchScope } from './projection-context.js';
import { GenerationClosedError, OvertakenError } from './run.errors.js';
import { generationOfShard, keyOfEvent, keyOfShard, type Shard } from './shard.js';

/** What a {@link BatchRunner} stands on. */
export interface BatchRunnerOptions {
  readonly shard: Shard;
  readonly registry: EventRegistry;
  /** Where read models, checkpoints and dead letters are kept. */
  readonly store: Store;
  /** Encodes the values of read models. */
  readonly codec: Codec;
  /** Waits between two attempts; rejects when the runner is to stop. */
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** Told of every dead letter. */
  readonly onDeadLetter?: (event: StoredEvent, error: unknown) => void;
}

/** Times that a batch is run again because others write the same read model. */
const CONFLICTS = 100;

/**
 * Turns events into commits: the methods run on a batch of events, and what they have written is committed together
 * with the checkpoint.
 *
 * Invariant: a commit carries the version of the checkpoint that it stands on. So whatever has happened to this node,
 * events are in the read model exactly when the checkpoint has passed them, and a node that was overtaken cannot write.
 */
export class BatchRunner {
  /** Every event up to here was taken. Ahead of the stored checkpoint where nothing of the log concerned the shard. */
  position = 0;
  /** Events taken. */
  events = 0;
  private stored: StoredCheckpoint = { position: 0, at: 0, events: 0, version: 0 };
  /** Keys with a dead letter: their later events wait behind it. */
  private blocked = new Set<string>();
  private letters: RecordWrite[] = [];
  private writes: RecordWrite[] = [];
  private readonly models: ModelBatch;
  private readonly scope: BatchScope;
  private readonly checkpoints: Checkpoints;
  private readonly deadLetters: DeadLetterRecords;
  private readonly key: string;
  private readonly generation: string;
  private readonly origin: LetterOrigin;

  constructor(private readonly options: BatchRunnerOptions) {
    const { shard, store, codec } = options;
    const { definition, generation, partition, rebuilding } = shard;
    this.key = keyOfShard(shard);
    this.generation = generationOfShard(shard);
    this.origin = { projection: definition.name, generation: generation.generation, partition };
    this.checkpoints = new Checkpoints(store);
    this.deadLetters = new DeadLetterRecords(store);
    this.models = new ModelBatch({
      projection: definition.name,
      store,
      values: modelValues(store, codec),
      models: definition.models,
      collection: modelCollection(definition.name, generation.generation),
      // Other partitions may write the same records.
      keep: generation.partitions === 1,
    });
    this.scope = { models: this.models, generation: generation.generation, rebuilding, target: undefined };
  }

  /** Reads where to go on; forgets everything else. */
  async load(): Promise<void> {
    const { target } = this.options.shard.definition;
    this.discard();
    const checkpoint = await this.checkpoints.read(this.key);
    const position = target === undefined ? checkpoint.position : await target.position(this.key);
    this.stored = { ...checkpoint, position };
    this.position = position;
    this.events = checkpoint.events;
    this.blocked = await this.deadLetters.keysOf(this.origin);
  }

  /** Nothing up to this position concerns the shard. */
  skipTo(position: number): void {
    if (position > this.position) this.position = position;
  }

  /** Writes the checkpoint when it is behind what was read, so that nobody has to read that again. */
  async save(): Promise<void> {
    if (this.position === this.stored.position || this.options.shard.definition.target !== undefined) return;
    await this.commit(this.position, 0, this.stored.at);
  }

  /**
   * Takes a page of events that belong to the shard.
   *
   * @param position how far the log was read with them
   * @throws {PauseError} {@link OvertakenError} {@link GenerationClosedError}; what was committed by then stays
   */
  async apply(events: readonly StoredEvent[], position: number): Promise<void> {
    const { registry } = this.options;
    const prepared = registry.hasTransforms ? registry.prepareDecode(events) : undefined;
    if (isPromise(prepared)) await prepared;
    let from = 0;
    let to = events.length;
    let failure: EventFailure | undefined;
    while (from < events.length) {
      const end = to === events.length ? position : (events[to - 1] as StoredEvent).position;
      const failed = await this.range(events, from, to, end);
      if (failed !== undefined && failed.index > from) {
        // Everything before the event at fault first: that is not lost by what happens to it.
        failure = failed;
        to = failed.index;
        continue;
      }
      if (failed === undefined) from = to;
      if (failed === undefined && failure === undefined) {
        to = events.length;
        continue;
      }
      await this.poison(
        events,
        from,
        from + 1 === events.length ? position : undefined,
        (failed ?? failure) as EventFailure,
      );
      failure = undefined;
      from += 1;
      to = events.length;
    }
    this.skipTo(position);
  }

  /** Runs one event that has failed until it succeeds, or its attempts are used up. */
  private async poison(
    events: readonly StoredEvent[],
    index: number,
    position: number | undefined,
    first: EventFailure,
  ): Promise<void> {
    const event = events[index] as StoredEvent;
    const { retry, giveUp } = this.options.shard.definition.onError;
    const end = position ?? event.position;
    let { error } = first;
    for (let attempts = 1; ; attempts++) {
      if (isInfrastructure(error)) throw error;
      if (!mayRetry(retry, attempts, error)) {
        if (giveUp === 'pause') throw new PauseError(event, attempts, error);
        return this.bury(event, { attempts, error }, end);
      }
      await this.options.sleep(backoffDelay(retry, attempts));
      const failed = await this.range(events, index, index + 1, end);
      if (failed === undefined) return;
      error = failed.error;
    }
  }

  private async bury(event: StoredEvent, failure: { attempts: number; error: unknown }, end: number): Promise<void> {
    const key = this.keyOf(event);
    const letter = this.deadLetters.write(deadLetterOf(this.origin, event, key, failure));
    await this.transact(end, async () => {
      this.letters.push(letter);
      await this.commit(end, 1, event.at);
    });
    this.blocked.add(key);
    this.options.onDeadLetter?.(event, failure.error);
  }

  /** Runs and commits a part of the page. Undefined: it is in the read model. */
  private async range(
    events: readonly StoredEvent[],
    from: number,
    to: number,
    end: number,
  ): Promise<EventFailure | undefined> {
    const { target } = this.options.shard.definition;
    if (target !== undefined) return this.rangeInTarget(events, from, to, end);
    for (let conflicts = 0; ; conflicts++) {
      const failure = await this.run(events, from, to);
      if (failure !== undefined) return failure;
      try {
        await this.commit(end, to - from, (events[to - 1] as StoredEvent).at);
        return undefined;
      } catch (error) {
        // Another partition, or somebody else, has written a record of the model: run again on what it is now.
        if (!isModelConflict(error) || conflicts === CONFLICTS) throw error;
      }
    }
  }

  private async run(events: readonly StoredEvent[], from: number, to: number): Promise<EventFailure | undefined> {
    let index = from;
    try {
      for (; index < to; index++) {
        this.models.index = index;
        const done = this.handle(events[index] as StoredEvent);
        if (isPromise(done)) await done;
      }
      await this.models.settle();
      this.models.addWrites(this.writes);
      return undefined;
    } catch (error) {
      this.discard();
      return failureAt(index, error);
    }
  }

  private handle(stored: StoredEvent): MaybePromise<void> {
    const recorded = this.options.registry.decode(stored) as RecordedEvent;
    if (this.blocked.size > 0 && this.isBehind(stored, recorded)) return;
    return this.options.shard.definition.handlerOf(recorded.event)?.(
      recorded.event,
      new EventContext(recorded, this.scope),
    );
  }

  private isBehind(stored: StoredEvent, recorded: RecordedEvent): boolean {
    const key = keyOfEvent(this.options.shard.definition, recorded);
    if (!this.blocked.has(key)) return false;
    this.letters.push(this.deadLetters.write(deadLetterOf(this.origin, stored, key, undefined)));
    return true;
  }

  /** The user's database has the checkpoint: its transaction is the commit. */
  private async rangeInTarget(
    events: readonly StoredEvent[],
    from: number,
    to: number,
    end: number,
  ): Promise<EventFailure | undefined> {
    let failure: EventFailure | undefined;
    try {
      await this.transact(end, async () => {
        failure = await this.run(events, from, to);
        // What the handlers wrote must not stay.
        if (failure !== undefined) throw failure.error;
        // Before the transaction ends: a letter twice is the same letter, one that is missing would be lost.
        await this.commit(end, to - from, (events[to - 1] as StoredEvent).at);
      });
      return undefined;
    } catch (error) {
      if (failure !== undefined) return failure;
      throw error;
    }
  }

  /** In a transaction of the target that moves its position; without a target there is nothing to begin. */
  private async transact(end: number, work: () => Promise<void>): Promise<void> {
    const { target } = this.options.shard.definition;
    if (target === undefined) return work();
    try {
      const applied = await target.apply(
        { checkpoint: this.key, from: this.stored.position, to: end },
        (transaction) => {
          this.scope.target = transaction;
          return work();
        },
      );
      if (!applied) throw new OvertakenError(this.key);
    } finally {
      this.scope.target = undefined;
    }
  }

  private async commit(position: number, events: number, at: number): Promise<void> {
    const checkpoint = { position, at, events: this.events + events };
    const { letters } = this;
    const records: RecordWrite[] = [
      openGeneration(this.generation),
      this.checkpoints.write(this.key, checkpoint, this.stored.version),
      ...letters,
    ];
    const offset = records.length;
    for (const write of this.writes) records.push(write);
    try {
      const { recordVersions } = await this.options.store.commit({ records });
      this.models.committed(recordVersions, offset);
      this.letters = [];
      this.writes = [];
      this.stored = { ...checkpoint, version: recordVersions[1] as number };
      this.position = position;
      this.events = checkpoint.events;
    } catch (error) {
      this.discard();
      if (isClosed(error)) throw new GenerationClosedError(this.generation);
      if (isConflictIn(error, CHECKPOINTS)) throw new OvertakenError(this.key);
      throw error;
    }
  }

  private keyOf(event: StoredEvent): string {
    const { definition } = this.options.shard;
    if (definition.keyOf === undefined) return event.stream;
    try {
      return keyOfEvent(definition, this.options.registry.decode(event) as RecordedEvent);
    } catch {
      // It cannot be read: all that is known of it is its stream.
      return event.stream;
    }
  }

  private discard(): void {
    this.models.discard();
    this.letters = [];
    this.writes = [];
  }
}

function isModelConflict(error: unknown): boolean {
  return isConflictIn(error, CHECKPOINTS)
    ? false
    : (error as { code?: unknown } | null)?.code === 'CATGA_RECORD_CONFLICT';
}
