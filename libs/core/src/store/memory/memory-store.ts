import { coarseNow, systemClock, type Clock } from '../../foundation/index.js';
import { CommitNotifier } from '../commit-notifier.js';
import {
  Store,
  type AppendCondition,
  type CommitBatch,
  type CommitNotice,
  type CommitResult,
  type DerivedRecord,
  type DirectStream,
  type LogPage,
  type ReadAllOptions,
  type ReadStreamOptions,
  type RecordPage,
  type RecordQuery,
  type RecordWrite,
  type StoreCapabilities,
  type StoredEvent,
  type StoredRecord,
  type StreamAppend,
  type StreamPayloads,
} from '../store.js';
import type { StreamInfo } from '../stream-state.js';
import {
  AppendConditionError,
  RecordConflictError,
  StoreUnavailableError,
  VersionConflictError,
} from '../store.errors.js';
import { CommitMemory } from './commit-memory.js';
import type { ImageRow } from './image-row.js';
import { hashOf } from './key-table.js';
import { ImageLoader, MemoryImage } from './memory-image.js';
import { MemoryRecords } from './memory-records.js';
import { MemoryStreams } from './memory-streams.js';
import { copyPolicy, referencePolicy, type PayloadPolicy } from './payload-policy.js';
import { checkAppend, checkStreams } from './stream-check.js';

/** Options of {@link MemoryStore}. */
export interface MemoryStoreOptions {
  /**
   * `reference` keeps the caller's own values: fastest, nothing is encoded. `copy` takes text and bytes only and never
   * shares memory with the caller: what a durable store does, so tests find what would not survive there.
   * Default `reference`.
   */
  readonly mode?: 'reference' | 'copy';
  /**
   * In `reference` mode: freeze what is stored, so that changing it afterwards throws where it happens.
   * Default: true, unless `NODE_ENV` is `production`.
   */
  readonly freeze?: boolean;
  /** Where the store reads the time; for tests. Default: the machine's clock. */
  readonly clock?: Clock;
}

/**
 * Everything in the memory of this OS process: nothing survives it. `commit` answers at once and throws at once.
 *
 * @example
 * ```ts
 * const store = new MemoryStore({ mode: 'copy' });
 * store.commit({ appends: [{ stream: 'order-1', expectedVersion: 'no-stream', events: [{ type: 'placed', data: '{}' }] }] });
 * ```
 */
export class MemoryStore extends Store {
  override readonly capabilities: StoreCapabilities;
  /** In `reference` mode only. */
  override readonly openDirect?: (stream: string) => DirectStream;
  /** In `reference` mode only. */
  override readonly readPayloads?: (stream: string, from: number) => StreamPayloads | undefined;
  /** In `reference` mode only. */
  override readonly openDerived?: (ownKey: string, record: DerivedRecord, room: number) => DirectStream;
  private readonly notifier = new CommitNotifier();
  private readonly records: MemoryRecords;
  private readonly streams: MemoryStreams;
  private readonly commits = new CommitMemory();
  private readonly payloads: PayloadPolicy;
  private readonly clock: Clock;
  /** For time stamps: right to within a turn of the event loop, at a tenth of the cost. */
  private readonly coarse: () => number;
  /** Images that somebody is taking. */
  private readonly images = new Set<MemoryImage>();
  private closed = false;

  constructor(options: MemoryStoreOptions = {}) {
    super();
    const { mode = 'reference', clock, freeze = process.env['NODE_ENV'] !== 'production' } = options;
    const copies = mode === 'copy';
    this.clock = clock ?? systemClock;
    this.coarse = clock === undefined ? coarseNow : () => clock.now();
    this.payloads = copies ? copyPolicy('memory') : referencePolicy(freeze);
    this.capabilities = {
      name: 'memory',
      durable: false,
      shared: false,
      atomic: 'batch',
      payload: copies ? 'encoded' : 'reference',
      conditions: true,
    };
    this.records = new MemoryRecords(this.payloads, (stream) => this.streams.keep(stream));
    this.streams = new MemoryStreams(this.records, this.notifier, this.payloads, this.coarse);
    if (copies) return;
    this.readPayloads = (stream, from) => {
      this.assertOpen();
      return this.streams.find(stream)?.payloadsFrom(from);
    };
    this.openDirect = (stream) => this.direct(stream);
    this.openDerived = (ownKey, record, room) => this.derive(ownKey, record, room);
  }

  override commit(batch: CommitBatch): CommitResult {
    this.assertOpen();
    return batch.id === undefined ? this.apply(batch) : this.applyOnce(batch.id, batch);
  }

  override readStream(stream: string, options?: ReadStreamOptions): Promise<readonly StoredEvent[]> {
    return this.answer(() => this.streams.find(stream)?.read(options) ?? []);
  }

  override getStream(stream: string): Promise<StreamInfo | undefined> {
    return this.answer(() => {
      const found = this.streams.find(stream);
      if (found === undefined || found.version === 0) return undefined;
      const { version, life } = found;
      return { stream, version, firstVersion: life.gone + 1, state: life.state };
    });
  }

  override readAll(options?: ReadAllOptions): Promise<LogPage> {
    return this.answer(() => this.streams.log.read(options));
  }

  override getRecord(collection: string, key: string): Promise<StoredRecord | undefined> {
    return this.answer(() => this.records.get(collection)?.read(key, this.clock.now()));
  }

  override findRecords(query: RecordQuery): Promise<RecordPage> {
    return this.answer(() => this.records.collection(query.collection).find(query, this.clock.now()));
  }

  override onCommit(listener: (notice: CommitNotice) => void): () => void {
    const remove = this.notifier.add(listener);
    this.streams.log.watch();
    return () => {
      remove();
      this.streams.log.watch();
    };
  }

  override now(): Promise<number> {
    return this.answer(() => this.clock.now());
  }

  override ping(): Promise<void> {
    return this.answer(() => undefined);
  }

  override open(): Promise<void> {
    this.closed = false;
    return Promise.resolve();
  }

  override close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }

  /**
   * Everything that the store holds at the moment of the call, for authors of stores that are built on this one. Payloads
   * are the kept ones, not copies. Commits may go on while the rows are taken; they are not in it, but what they change is
   * kept until the last row was taken, or the iteration is ended. What commits with an id were answered, and streams of
   * {@link openDerived}, are not in it; what is pushed through {@link openDirect} meanwhile may be.
   */
  dump(): Iterable<ImageRow> {
    const image = new MemoryImage(this.streams, this.records);
    this.images.add(image);
    return this.takeRows(image);
  }

  /** Takes the rows of {@link dump}, in their order; the store must be new. Call the function for each of them. */
  load(): (row: ImageRow) => void {
    const loader = new ImageLoader(this.streams, this.records, this.payloads);
    return (row) => loader.add(row);
  }

  private *takeRows(image: MemoryImage): Generator<ImageRow, undefined> {
    try {
      yield* image.rows();
    } finally {
      this.images.delete(image);
    }
    return undefined;
  }

  private direct(stream: string): DirectStream {
    this.assertOpen();
    const existing = this.streams.find(stream);
    if (existing !== undefined && existing.version > 0) {
      throw new VersionConflictError(stream, 'no-stream', existing.version);
    }
    return existing ?? this.streams.createDirect(stream);
  }

  private derive(ownKey: string, record: DerivedRecord, room: number): DirectStream {
    this.assertOpen();
    const home = this.streams.homeOf(record);
    const keyHash = hashOf(ownKey, home.prefixHash);
    // Nearly always nothing is in the way, which the hash says alone: then the key is not even put together.
    if (home.collection.mayHave(keyHash) || this.streams.mayHaveLostRecords) this.assertFree(ownKey, record);
    const stream = this.streams.derive(ownKey, keyHash, home, room);
    home.collection.addDerived(stream);
    return stream;
  }

  /** @throws {RecordConflictError} {@link VersionConflictError} */
  private assertFree(ownKey: string, record: DerivedRecord): void {
    const key = record.keyPrefix + ownKey;
    const version = this.records.collection(record.collection).version(key, this.coarse());
    if (version > 0) throw new RecordConflictError(record.collection, key, 0, version);
    const lost = this.streams.versionWithoutRecord(key, record);
    if (lost > 0) throw new VersionConflictError(record.streamPrefix + key, 'no-stream', lost);
  }

  private apply(batch: CommitBatch): CommitResult {
    const { appends, records, deleteStreams, conditions, streams } = batch;
    this.payloads.check(batch);
    if (this.images.size > 0) for (const image of this.images) image.before(batch);
    if (conditions !== undefined) this.checkConditions(conditions);
    if (deleteStreams !== undefined || streams !== undefined) return this.applyAll(batch);
    if (appends === undefined) return records?.length === 1 ? this.writeOne(records) : this.applyAll(batch);
    return records === undefined && appends.length === 1 ? this.appendOne(appends) : this.applyAll(batch);
  }

  private applyOnce(id: string, batch: CommitBatch): CommitResult {
    const first = this.commits.find(id);
    if (first !== undefined) return { ...first, repeated: true };
    const answer = this.apply(batch);
    this.commits.add(id, answer);
    return answer;
  }

  /** A batch of any kind. Everything is checked before anything is changed: that makes it atomic. */
  private applyAll(batch: CommitBatch): CommitResult {
    const { appends = none, records = none, deleteStreams = none, streams = none } = batch;
    checkStreams(batch, (stream) => this.streams.find(stream));
    const now = records.length === 0 ? 0 : this.coarse();
    this.records.check(records, now);
    for (const stream of deleteStreams) this.streams.remove(stream);
    for (const change of streams) this.streams.change(change);
    const versions = appends.map((append) => this.streams.append(append, this.streams.find(append.stream)));
    const recordVersions = records.map((write) => this.write(write, now));
    return { position: this.streams.log.last, versions, recordVersions };
  }

  /** A frequent batch: one look-up of the stream is enough. */
  private appendOne(appends: readonly StreamAppend[]): CommitResult {
    const append = appends[0] as StreamAppend;
    const found = this.streams.find(append.stream);
    checkAppend(append, found);
    const version = this.streams.append(append, found);
    return { position: this.streams.log.last, versions: [version], recordVersions: none };
  }

  /** The most frequent batch in memory, where events are pushed directly: checked and written with one look-up. */
  private writeOne(records: readonly RecordWrite[]): CommitResult {
    const version = this.write(records[0] as RecordWrite, this.coarse());
    return { position: this.streams.log.last, versions: none, recordVersions: [version] };
  }

  private write(write: RecordWrite, now: number): number {
    if (this.notifier.listening) this.notifier.touchCollection(write.collection);
    return this.records.write(write, now);
  }

  private checkConditions(conditions: readonly AppendCondition[]): void {
    for (const [index, { query, after }] of conditions.entries()) {
      const position = this.streams.log.matchAfter(query, after);
      if (position !== undefined) throw new AppendConditionError(index, after, position);
    }
  }

  private assertOpen(): void {
    if (this.closed)
      throw new StoreUnavailableError('closed', 'The memory store is closed. Open it again, or use another one.');
  }

  private answer<T>(read: () => T): Promise<T> {
    try {
      this.assertOpen();
      return Promise.resolve(read());
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }
}

const none: readonly never[] = Object.freeze([]);
