import type { EventQuery, LogPage, Store, StoredEvent } from '../../store/index.js';
import { LogBehindError } from '../../event-sourcing/index.js';
import { FENCES } from '../state/collections.js';
import { BatchRunner, type BatchRunnerOptions } from './batch-runner.js';
import { PauseError } from './event-failure.js';
import { GenerationClosedError, OvertakenError } from './run.errors.js';
import { generationOfShard, keyOfEvent, keyOfShard, partitionOf, type Shard } from './shard.js';
import { Signal } from './signal.js';

/** What a {@link ShardRun} stands on. */
export interface ShardRunOptions extends Omit<BatchRunnerOptions, 'sleep'> {
  /** The log that is read. */
  readonly log: Store;
  /** Fired after every commit with events. */
  readonly appended: Signal;
  readonly query: EventQuery;
  /** Fired when the position has changed. */
  readonly progress: Signal;
  /** The projection must stand still; the run has stopped. */
  readonly onPause: (error: PauseError) => Promise<void>;
  /** Every event of the log that concerns the shard is in the read model now. */
  readonly onCaughtUp: () => void;
  readonly warn: (message: string) => void;
}

/** Milliseconds between two looks whether a fence is down. */
const FENCE_POLL = 20;
/** Milliseconds before the first and the longest wait for a store that is away. */
const BACKOFF = { first: 50, longest: 5_000 };

/** Milliseconds that the batch at hand may take when the run is stopped. */
const DRAIN = 10_000;

/** Thrown where a stopped run waits. */
class StoppedError extends Error {}

/**
 * Keeps one shard up to date: reads the log page by page, a page ahead while there is more, and then waits for the next
 * commit. The next page is taken when the one before it is committed, so a slow projection slows nobody else down.
 */
export class ShardRun {
  readonly key: string;
  /** True when the whole log was read at the last look. */
  caughtUp = false;
  private readonly runner: BatchRunner;
  private readonly stopSignal = new Signal();
  private stopped = false;
  private done: Promise<void> | undefined;

  constructor(private readonly options: ShardRunOptions) {
    this.key = keyOfShard(options.shard);
    this.runner = new BatchRunner({ ...options, sleep: (milliseconds) => this.sleep(milliseconds) });
  }

  get shard(): Shard {
    return this.options.shard;
  }

  /** Every event up to here that concerns the shard is in the read model. */
  get position(): number {
    return this.runner.position;
  }

  /** Events taken so far. */
  get events(): number {
    return this.runner.events;
  }

  start(): this {
    this.done ??= this.loop();
    return this;
  }

  /** Lets the batch at hand end and saves how far it got. A method that hangs is not waited for. */
  async stop(): Promise<void> {
    this.halt();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(true), DRAIN);
    });
    const isLate = await Promise.race([this.done?.then(() => false), late]);
    clearTimeout(timer);
    // Nothing is lost by it: what was not committed is taken again.
    if (isLate) this.options.warn(`Projection ${this.key} was still at work after ${DRAIN} ms and is left behind.`);
  }

  /** As if the OS process had ended here: nothing more is written, as far as that is possible. For tests. */
  crash(): void {
    this.crashed = true;
    this.halt();
  }

  private crashed = false;

  private halt(): void {
    this.stopped = true;
    this.stopSignal.fire();
    this.options.appended.fire();
  }

  private async loop(): Promise<void> {
    let failures = 0;
    while (!this.stopped) {
      try {
        await this.work(() => (failures = 0));
      } catch (error) {
        this.caughtUp = false;
        if (this.stopped || error instanceof StoppedError) break;
        if (error instanceof PauseError) {
          await this.pause(error);
          return;
        }
        if (error instanceof OvertakenError) continue;
        failures++;
        await this.recover(error, failures).catch(() => undefined);
      }
    }
    if (!this.crashed) await this.runner.save().catch(() => undefined);
  }

  private async work(onSuccess: () => void): Promise<void> {
    const { appended } = this.options;
    await this.runner.load();
    this.options.progress.fire();
    let ahead: Promise<LogPage> | undefined;
    while (!this.stopped) {
      const seen = appended.count;
      const page = await (ahead ?? this.read(this.runner.position));
      const { position } = this.runner;
      // Waiting in silence for the log to get there would leave out the events that take the lost positions.
      if (page.position < position) throw new LogBehindError(`Projection ${this.key}`, position, page.position);
      const isFull = page.events.length >= this.shard.definition.batch;
      ahead = isFull ? this.read(page.position) : undefined;
      // Its failure is met when it is its turn; nobody may be looking before.
      ahead?.catch(() => undefined);
      await this.take(page);
      onSuccess();
      if (isFull) continue;
      this.caughtUp = true;
      // Whoever swaps looks at what is stored.
      if (this.shard.rebuilding) await this.runner.save();
      this.options.onCaughtUp();
      await appended.after(seen);
    }
  }

  private async take(page: LogPage): Promise<void> {
    await this.prepareKeys(page.events);
    const events = this.ownOf(page.events);
    const before = this.runner.position;
    if (events.length > 0) await this.runner.apply(events, page.position);
    else this.runner.skipTo(page.position);
    if (this.runner.position !== before) this.options.progress.fire();
  }

  private read(after: number): Promise<LogPage> {
    const { log, query, shard } = this.options;
    return log.readAll({ after, query, limit: shard.definition.batch, closed: shard.definition.closed });
  }

  /** A key is asked of the event: without what decodes it, two partitions would both take it, or neither. */
  private async prepareKeys(events: readonly StoredEvent[]): Promise<void> {
    const { registry } = this.options;
    const { definition, generation } = this.shard;
    if (generation.partitions === 1 || definition.keyOf === undefined || !registry.hasTransforms) return;
    await registry.prepareDecode(events);
  }

  private ownOf(events: readonly StoredEvent[]): readonly StoredEvent[] {
    const { definition, generation, partition } = this.shard;
    if (generation.partitions === 1) return events;
    return events.filter((event) => partitionOf(this.keyOf(event, definition), generation.partitions) === partition);
  }

  private keyOf(event: StoredEvent, definition: Shard['definition']): string {
    if (definition.keyOf === undefined) return event.stream;
    try {
      const recorded = this.options.registry.decode(event);
      return recorded === undefined ? event.stream : keyOfEvent(definition, recorded as never);
    } catch {
      // It cannot be read, or the key function threw: the partition of its stream deals with it.
      return event.stream;
    }
  }

  private async pause(error: PauseError): Promise<void> {
    const { event, attempts, cause } = error;
    const why = cause instanceof Error ? cause.message : String(cause);
    this.options.warn(
      `Projection ${this.key} stands still before event ${event.position} ("${event.type}" of stream "${event.stream}") after ${attempts} attempt(s): ${why}. Mend it and resume it, or set onError.then to 'skip'.`,
    );
    for (let failures = 1; !this.stopped; failures++) {
      try {
        return await this.options.onPause(error);
      } catch {
        await this.sleep(backoff(failures)).catch(() => undefined);
      }
    }
  }

  private async recover(error: unknown, failures: number): Promise<void> {
    if (error instanceof GenerationClosedError) return this.whileClosed();
    const text = error instanceof Error ? error.message : String(error);
    if (failures === 1) this.options.warn(`Projection ${this.key} waits and tries again: ${text}`);
    await this.sleep(backoff(failures));
  }

  private async whileClosed(): Promise<void> {
    const { store, shard } = this.options;
    while (!this.stopped && (await store.getRecord(FENCES, generationOfShard(shard))) !== undefined) {
      await this.sleep(FENCE_POLL);
    }
  }

  /** @throws {StoppedError} when the run is stopped meanwhile */
  private async sleep(milliseconds: number): Promise<void> {
    const seen = this.stopSignal.count;
    if (!this.stopped) await this.stopSignal.after(seen, milliseconds, true);
    if (this.stopped) throw new StoppedError();
  }
}

function backoff(failures: number): number {
  return Math.min(BACKOFF.longest, BACKOFF.first * 2 ** Math.min(failures - 1, 10));
}
