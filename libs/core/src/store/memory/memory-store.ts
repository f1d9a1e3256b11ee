import { coarseNow, systemClock, type Clock } from '../../foundation/index.js';
import { CommitNotifier } from '../commit-notifier.js';
import { versionHolds } from '../expected-version.js';
import {
  Store,
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
} from '../store.js';
import type { StreamInfo } from '../stream-state.js';
import { RecordConflictError, StoreUnavailableError, VersionConflictError } from '../store.errors.js';
import { ChurnMap } from './churn-map.js';
import { DerivedStream, type DerivedHome } from './derived-stream.js';
import { MemoryCollection } from './memory-collection.js';
import { MemoryLog } from './memory-log.js';
import { NamedStream, type MemoryStream, type StreamHome } from './memory-stream.js';
import { copyPolicy, referencePolicy, type PayloadPolicy } from './payload-policy.js';

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
  override readonly openDerived?: (key: string, record: DerivedRecord, room: number) => DirectStream;
  private readonly streams = new ChurnMap<MemoryStream>();
  private readonly collections = new Map<string, MemoryCollection>();
  private readonly notifier = new CommitNotifier();
  private readonly log = new MemoryLog(() => this.allStreams(), this.notifier);
  /** Ways in which records follow from streams: each leads to more streams than the map above holds. */
  private readonly derivations: DerivedHome[] = [];
  private readonly home: StreamHome;
  private readonly payloads: PayloadPolicy;
  private readonly clock: Clock;
  /** For time stamps: right to within a turn of the event loop, at a tenth of the cost. */
  private readonly coarse: () => number;
  private recordsCreated = 0;
  private closed = false;

  constructor(options: MemoryStoreOptions = {}) {
    super();
    const { mode = 'reference', clock, freeze = process.env['NODE_ENV'] !== 'production' } = options;
    const copies = mode === 'copy';
    this.clock = clock ?? systemClock;
    this.coarse = clock === undefined ? coarseNow : () => clock.now();
    this.payloads = copies ? copyPolicy('memory', this.coarse) : referencePolicy(freeze, this.coarse);
    this.capabilities = {
      name: 'memory',
      durable: false,
      shared: false,
      atomic: 'batch',
      payload: copies ? 'encoded' : 'reference',
      conditions: true,
    };
    this.home = {
      log: this.log,
      payloads: this.payloads,
      epoch: Math.floor(this.coarse()),
      drop: (stream) => this.drop(stream),
    };
    if (copies) return;
    this.openDirect = (stream) => this.direct(stream);
    this.openDerived = (key, record, room) => this.derive(key, record, room);
  }

  override commit(batch: CommitBatch): CommitResult {
    this.assertOpen();
    const { appends, records, deleteStreams } = batch;
    this.payloads.check(batch);
    if (appends === undefined && deleteStreams === undefined && records?.length === 1) return this.writeOne(records);
    // Everything is checked before anything is changed: that makes the batch atomic.
    if (appends !== undefined) this.checkAppends(appends, deleteStreams);
    const now = records === undefined ? 0 : this.coarse();
    if (records !== undefined) this.checkRecords(records, now);
    if (deleteStreams !== undefined) for (const stream of deleteStreams) this.remove(stream);
    const versions = appends === undefined ? none : appends.map((append) => this.append(append));
    const recordVersions = records === undefined ? none : records.map((write) => this.write(write, now));
    return { position: this.log.last, versions, recordVersions };
  }

  override readStream(stream: string, options?: ReadStreamOptions): Promise<readonly StoredEvent[]> {
    return this.answer(() => this.find(stream)?.read(options) ?? []);
  }

  override getStream(stream: string): Promise<StreamInfo | undefined> {
    return this.answer(() => {
      const found = this.find(stream);
      if (found === undefined || found.version === 0) return undefined;
      const { version, life } = found;
      return { stream, version, firstVersion: life.gone + 1, state: life.state };
    });
  }

  override readAll(options?: ReadAllOptions): Promise<LogPage> {
    return this.answer(() => this.log.read(options));
  }

  override getRecord(collection: string, key: string): Promise<StoredRecord | undefined> {
    return this.answer(() => this.collections.get(collection)?.read(key, this.clock.now()));
  }

  override findRecords(query: RecordQuery): Promise<RecordPage> {
    return this.answer(() => this.collection(query.collection).find(query, this.clock.now()));
  }

  override onCommit(listener: (notice: CommitNotice) => void): () => void {
    const remove = this.notifier.add(listener);
    this.log.watch();
    return () => {
      remove();
      this.log.watch();
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

  private direct(stream: string): DirectStream {
    this.assertOpen();
    const existing = this.find(stream);
    if (existing !== undefined && existing.version > 0) {
      throw new VersionConflictError(stream, 'no-stream', existing.version);
    }
    return existing ?? this.create(stream);
  }

  private derive(key: string, record: DerivedRecord, room: number): DirectStream {
    this.assertOpen();
    const home = this.homeOf(record);
    const collection = this.collection(record.collection);
    const version = collection.version(key, this.coarse());
    if (version > 0) throw new RecordConflictError(record.collection, key, 0, version);
    // Only a stream that lost its record can be in the way; where there are no others, the name is not even made.
    const lost = this.streams.size > 0 ? this.streams.get(record.streamPrefix + key)?.version : undefined;
    if (lost) throw new VersionConflictError(record.streamPrefix + key, 'no-stream', lost);
    const stream = new DerivedStream(key, ++this.recordsCreated, home, room);
    collection.addDerived(stream);
    if (this.notifier.listening) this.notifier.touchCollection(record.collection);
    return stream;
  }

  private homeOf(record: DerivedRecord): DerivedHome {
    for (const known of this.derivations) if (known.record === record) return known;
    const home = { ...this.home, record };
    this.derivations.push(home);
    return home;
  }

  private find(stream: string): MemoryStream | undefined {
    const found = this.streams.get(stream);
    if (found !== undefined || this.derivations.length === 0) return found;
    for (const { record } of this.derivations) {
      const { collection, streamPrefix } = record;
      if (!stream.startsWith(streamPrefix)) continue;
      const derived = this.collections.get(collection)?.derived(stream.slice(streamPrefix.length));
      if (derived !== undefined) return derived;
    }
    return undefined;
  }

  private *allStreams(): Iterable<MemoryStream> {
    yield* this.streams.values();
    for (const { record } of this.derivations) yield* this.collection(record.collection).allDerived();
  }

  private create(stream: string): MemoryStream {
    const created = new NamedStream(stream, this.home);
    this.streams.add(stream, created);
    return created;
  }

  private append({ stream, events }: StreamAppend): number {
    const existing = this.find(stream);
    if (events.length === 0) return existing?.version ?? 0;
    const target = existing ?? this.create(stream);
    for (const event of events) target.push(event);
    return target.version;
  }

  private remove(stream: string): void {
    const existing = this.find(stream);
    if (existing === undefined) return;
    // Asked for the stream, not for the record: that stays, and stands for itself.
    if (existing instanceof DerivedStream) this.collection(existing.record.collection).keep(existing);
    this.drop(existing);
  }

  private drop(stream: MemoryStream): void {
    if (stream.life.removed) return;
    const { gone } = stream.life;
    stream.life = { ...stream.life, removed: true };
    const { listening } = this.notifier;
    if (stream instanceof DerivedStream && stream.derivesRecord) {
      this.collection(stream.record.collection).removeDerived(stream);
      if (listening) this.notifier.touchCollection(stream.record.collection);
    } else {
      this.streams.delete(stream.name);
    }
    this.log.removed(stream.version - gone);
    if (listening) this.notifier.touchStream(stream.name);
  }

  /** The most frequent batch in memory, where events are pushed directly: checked and written with one look-up. */
  private writeOne(records: readonly RecordWrite[]): CommitResult {
    const version = this.write(records[0] as RecordWrite, this.coarse());
    return { position: this.log.last, versions: none, recordVersions: [version] };
  }

  private write(write: RecordWrite, now: number): number {
    if (this.notifier.listening) this.notifier.touchCollection(write.collection);
    return this.collection(write.collection).write(write, now, ++this.recordsCreated);
  }

  private collection(name: string): MemoryCollection {
    let collection = this.collections.get(name);
    if (collection === undefined) {
      collection = new MemoryCollection(name, this.payloads, (stream) => this.streams.add(stream.name, stream));
      this.collections.set(name, collection);
    }
    return collection;
  }

  private checkAppends(appends: readonly StreamAppend[], deleted: readonly string[] = none): void {
    // What the batch itself does to a stream before the append at hand; most batches have one append and need no map.
    const ahead = appends.length > 1 || deleted.length > 0 ? new Map<string, number>() : undefined;
    for (const stream of deleted) ahead?.set(stream, 0);
    for (const { stream, expectedVersion, events } of appends) {
      const actual = ahead?.get(stream) ?? this.find(stream)?.version ?? 0;
      if (!versionHolds(expectedVersion, actual)) throw new VersionConflictError(stream, expectedVersion, actual);
      ahead?.set(stream, actual + events.length);
    }
  }

  private checkRecords(records: readonly RecordWrite[], now: number): void {
    if (records.every((write) => write.ifVersion === undefined)) return;
    const ahead = records.length > 1 ? new Map<string, number>() : undefined;
    for (const { collection, key, value, ifVersion } of records) {
      const name = ahead === undefined ? '' : JSON.stringify([collection, key]);
      const actual = ahead?.get(name) ?? this.collections.get(collection)?.version(key, now) ?? 0;
      if (ifVersion !== undefined && ifVersion !== actual) {
        throw new RecordConflictError(collection, key, ifVersion, actual);
      }
      ahead?.set(name, value === undefined ? 0 : actual + 1);
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
