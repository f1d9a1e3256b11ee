import { isPromise } from '../../foundation/index.js';
import type { RecordWrite, Store } from '../../store/index.js';
import { ReadModelValueError, UnknownReadModelError } from '../projection.errors.js';
import type { ModelValues } from './model-values.js';
import type { ProjectionModel, ReadModelDefinition } from './read-model.js';

/** Values that stay in memory between two batches, for each model: twice this many at most. */
const KEPT = 10_000;
/** Keys that are read at the same time. */
const READ_AT_ONCE = 256;

/** A change whose key has not been read yet, with the place of its event in the batch. */
interface Pending {
  readonly change: (current: unknown) => unknown;
  readonly index: number;
}

/** One key of a model as the batch sees it. */
interface Entry {
  readonly key: string;
  /** Undefined: there is no such value. Meaningless until `known`. */
  value: unknown;
  known: boolean;
  /** Version of its record as last read or written here; undefined when it was never looked at. */
  version: number | undefined;
  dirty: boolean;
  /** Place in the batch of the last event that wrote it. */
  index: number;
  pending: Pending[] | undefined;
}

/** What a {@link ModelBatch} stands on. */
export interface ModelBatchOptions {
  readonly projection: string;
  readonly store: Store;
  readonly values: ModelValues;
  readonly models: readonly ReadModelDefinition<unknown>[];
  /** Name of the collection that holds a model. */
  readonly collection: (model: string) => string;
  /** Keep what was read and written for the next batch. False where others write the same records. */
  readonly keep: boolean;
}

/** A deferred change that failed, with the place of its event in the batch. */
export class DeferredChangeError extends Error {
  constructor(
    readonly index: number,
    override readonly cause: unknown,
  ) {
    super('A deferred change failed');
  }
}

/**
 * The read models of one projection for one batch of events after the other: reads go through it, writes stay in it
 * until the batch is committed. Every record is written once a batch, however many events changed it.
 *
 * Each write says which version it stands on. So a record that somebody else has written in between makes the commit
 * fail instead of losing that write.
 */
export class ModelBatch {
  /** Place of the event at hand in its batch. */
  index = 0;
  private readonly models = new Map<string, BatchModel>();

  constructor(readonly options: ModelBatchOptions) {
    for (const model of options.models) this.models.set(model.name, new BatchModel(this, model));
  }

  /** @throws {UnknownReadModelError} when the projection has not declared it */
  model<T>(model: string | ReadModelDefinition<T> | undefined): ProjectionModel<T> {
    const name = typeof model === 'string' ? model : (model?.name ?? (this.options.models[0] as { name: string }).name);
    const found = this.models.get(name);
    if (found === undefined) throw new UnknownReadModelError(this.options.projection, name, [...this.models.keys()]);
    return found as unknown as ProjectionModel<T>;
  }

  /**
   * Reads what deferred changes wait for, and makes them.
   *
   * @throws {DeferredChangeError} for the earliest event whose change failed
   */
  async settle(): Promise<void> {
    for (const model of this.models.values()) await model.settle();
  }

  /**
   * Adds what the batch has written to a commit.
   *
   * @throws {DeferredChangeError} a value cannot be encoded
   */
  addWrites(writes: RecordWrite[]): void {
    for (const model of this.models.values()) model.addWrites(writes);
  }

  /** The batch was committed; `versions` are those of the records of {@link addWrites}, from `offset` on. */
  committed(versions: readonly number[], offset: number): void {
    let next = offset;
    for (const model of this.models.values()) next = model.committed(versions, next);
  }

  /** Forgets what was written and not committed, and everything that was read. */
  discard(): void {
    for (const model of this.models.values()) model.discard();
  }
}

class BatchModel implements ProjectionModel<unknown> {
  private entries = new Map<string, Entry>();
  private older = new Map<string, Entry>();
  private readonly dirty: Entry[] = [];
  private readonly waiting: Entry[] = [];
  private readonly collection: string;

  constructor(
    private readonly batch: ModelBatch,
    private readonly definition: ReadModelDefinition<unknown>,
  ) {
    this.collection = batch.options.collection(definition.name);
  }

  async get(key: string): Promise<unknown> {
    const entry = this.entry(key);
    if (!entry.known) {
      await this.read(entry);
      this.change(entry);
    }
    return entry.value;
  }

  put(key: string, value: unknown): void {
    if (value === undefined) throw this.wrong(key, 'put was given undefined. Use delete(key) to remove a value.');
    this.set(this.entry(key), value);
  }

  delete(key: string): void {
    this.set(this.entry(key), undefined);
  }

  update(key: string, change: (current: unknown) => unknown): void {
    const entry = this.entry(key);
    this.touch(entry);
    if (entry.known) {
      entry.value = this.changed(entry, change);
      return;
    }
    if (entry.pending === undefined) {
      entry.pending = [];
      this.waiting.push(entry);
    }
    entry.pending.push({ change, index: this.batch.index });
  }

  async find(tags: readonly string[] = []): Promise<readonly { readonly key: string; readonly value: unknown }[]> {
    await this.settle();
    const found = new Map<string, unknown>();
    let cursor: string | undefined;
    do {
      const page = await this.batch.options.store.findRecords({
        collection: this.collection,
        tags,
        limit: 1_000,
        ...(cursor === undefined ? {} : { cursor }),
      });
      for (const { key, value } of page.records) found.set(key, this.batch.options.values.decode(value));
      cursor = page.cursor;
    } while (cursor !== undefined);
    for (const entry of this.dirty) {
      found.delete(entry.key);
      if (entry.value === undefined) continue;
      const own = this.definition.tags?.(entry.value, entry.key) ?? [];
      if (tags.every((tag) => own.includes(tag))) found.set(entry.key, entry.value);
    }
    return [...found].map(([key, value]) => ({ key, value })).sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  async settle(): Promise<void> {
    while (this.waiting.length > 0) {
      const some = this.waiting.slice(0, READ_AT_ONCE);
      await Promise.all(some.filter(({ known }) => !known).map((entry) => this.readForChange(entry)));
      this.waiting.splice(0, some.length);
      let failed: DeferredChangeError | undefined;
      for (const entry of some) {
        try {
          this.change(entry);
        } catch (error) {
          const deferred = error as DeferredChangeError;
          if (failed === undefined || deferred.index < failed.index) failed = deferred;
        }
      }
      if (failed !== undefined) throw failed;
    }
  }

  addWrites(writes: RecordWrite[]): void {
    for (const entry of this.dirty) {
      try {
        writes.push(this.writeOf(entry));
      } catch (error) {
        // The value cannot be encoded, or `tags` threw: the event that wrote it is at fault.
        throw new DeferredChangeError(entry.index, error);
      }
    }
  }

  committed(versions: readonly number[], offset: number): number {
    let next = offset;
    for (const entry of this.dirty) {
      entry.version = versions[next++] as number;
      entry.dirty = false;
    }
    this.dirty.length = 0;
    // What expires by itself may be gone at the next look.
    if (!this.batch.options.keep || this.definition.expiresAt !== undefined) this.forget();
    return next;
  }

  discard(): void {
    this.dirty.length = 0;
    this.waiting.length = 0;
    this.forget();
  }

  private writeOf({ key, value, version }: Entry): RecordWrite {
    const { tags, expiresAt } = this.definition;
    const condition = version === undefined ? undefined : { ifVersion: version };
    if (value === undefined) return { collection: this.collection, key, ...condition };
    const expiry = expiresAt?.(value, key);
    return {
      collection: this.collection,
      key,
      value: this.batch.options.values.encode(value),
      ...condition,
      ...(tags === undefined ? undefined : { tags: tags(value, key) }),
      ...(expiry === undefined ? undefined : { expiresAt: expiry }),
    };
  }

  private forget(): void {
    this.entries.clear();
    this.older.clear();
  }

  /** Two generations of entries: what was not used during the last {@link KEPT} new keys is dropped without a walk. */
  private entry(key: string): Entry {
    const found = this.entries.get(key);
    if (found !== undefined) return found;
    const older = this.older.get(key);
    const entry = older ?? {
      key,
      value: undefined,
      known: false,
      version: undefined,
      dirty: false,
      index: 0,
      pending: undefined,
    };
    // Entries of the batch at hand must not be lost: a generation ends only between two batches.
    if (this.entries.size >= KEPT && this.dirty.length === 0 && this.waiting.length === 0) {
      this.older = this.entries;
      this.entries = new Map();
    }
    this.entries.set(key, entry);
    return entry;
  }

  private async read(entry: Entry): Promise<void> {
    const { store, values } = this.batch.options;
    const record = await store.getRecord(this.collection, entry.key);
    // Something may have been put while the store was asked.
    if (entry.known) return;
    entry.value = record === undefined ? undefined : values.decode(record.value);
    entry.version = record?.version ?? 0;
    entry.known = true;
  }

  private async readForChange(entry: Entry): Promise<void> {
    try {
      await this.read(entry);
    } catch (error) {
      throw new DeferredChangeError(entry.pending?.[0]?.index ?? this.batch.index, error);
    }
  }

  private change(entry: Entry): void {
    const { pending } = entry;
    if (pending === undefined) return;
    entry.pending = undefined;
    for (const { change, index } of pending) {
      try {
        entry.value = this.changed(entry, change);
      } catch (error) {
        throw new DeferredChangeError(index, error);
      }
    }
  }

  private changed(entry: Entry, change: (current: unknown) => unknown): unknown {
    const value = change(entry.value);
    if (value === undefined) {
      throw this.wrong(
        entry.key,
        'the function given to update returned nothing. Return the new value, or use delete(key).',
      );
    }
    if (isPromise(value)) {
      // Nobody will await it: its failure must not end the program.
      value.then(undefined, () => undefined);
      throw this.wrong(entry.key, 'the function given to update is async. Await what it needs before, then update.');
    }
    return value;
  }

  private set(entry: Entry, value: unknown): void {
    entry.pending = undefined;
    entry.value = value;
    entry.known = true;
    this.touch(entry);
  }

  private touch(entry: Entry): void {
    entry.index = this.batch.index;
    if (entry.dirty) return;
    entry.dirty = true;
    this.dirty.push(entry);
  }

  private wrong(key: string, problem: string): ReadModelValueError {
    return new ReadModelValueError(this.batch.options.projection, this.definition.name, key, problem);
  }
}
