import {
  assertEncoded,
  CommitNotifier,
  Store,
  type CommitBatch,
  type CommitNotice,
  type CommitResult,
  type LogPage,
  type ReadAllOptions,
  type ReadStreamOptions,
  type RecordPage,
  type RecordQuery,
  type StoreCapabilities,
  type StoredEvent,
  type StoredRecord,
  type StoreWarning,
  type StreamInfo,
} from '@catga/core';
import { NatsConnections } from '../connection/index.js';
import { withPayloads } from './event-payloads.js';
import { MOST_PAYLOADS } from './event-ref.js';
import { CommitTooLargeError, storeFault, type StoreName } from './nats-store.errors.js';
import type { NatsStoreOptions } from './nats-store.options.js';
import { MissingMessage } from './payload-cache.js';
import type { Replica } from './replica.js';
import { StoreSession } from './store-session.js';
import { toStoreSettings, type StoreSettings } from './store-settings.js';
import { encodeCommit } from './wire/commit-wire.js';

/**
 * A store on NATS JetStream, for several nodes: one stream is the log of all commits, and every node applies it to a state
 * of its own. Whether a commit is accepted is decided by applying it, so all nodes come to the same verdict.
 *
 * A node keeps in memory: all records, 100 to 200 bytes for each event, and what the events used last carry (`cacheSize`).
 *
 * @example
 * ```ts
 * const store = new NatsStore({ servers: 'nats://127.0.0.1:4222', name: 'orders' });
 * await store.open();
 * await store.commit({ records: [{ collection: 'settings', key: 'theme', value: '"dark"' }] });
 * ```
 */
export class NatsStore extends Store {
  override readonly capabilities: StoreCapabilities = {
    name: 'nats',
    durable: true,
    shared: true,
    atomic: 'batch',
    payload: 'encoded',
    conditions: true,
  };
  /** Option `name`. */
  readonly name: string;
  private readonly settings: StoreSettings;
  private readonly connections: NatsConnections;
  private readonly notifier = new CommitNotifier();
  private readonly named: StoreName;
  private session: StoreSession | undefined;
  private closing: Promise<void> | undefined;
  private found: readonly StoreWarning[] = [];

  /** @throws {UnknownOptionError} @throws {InvalidOptionError} @throws {InvalidDurationError} */
  constructor(options: NatsStoreOptions = {}) {
    super();
    this.settings = toStoreSettings(options);
    this.name = this.settings.name;
    this.connections = new NatsConnections(options);
    this.named = { name: this.name, servers: this.connections.servers };
  }

  override commit(batch: CommitBatch): Promise<CommitResult> {
    try {
      const session = this.opened();
      assertEncoded('nats', batch);
      const commit = encodeCommit(batch);
      if (commit.size > this.settings.maxCommitSize || commit.payloads.length >= MOST_PAYLOADS) {
        throw new CommitTooLargeError(this.name, commit.size, this.settings.maxCommitSize, session.link.maxPayload);
      }
      return session.writer.commit(commit);
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  override async readStream(stream: string, options?: ReadStreamOptions): Promise<readonly StoredEvent[]> {
    return this.reading(async ({ state, payloads }) => withPayloads(await state.readStream(stream, options), payloads));
  }

  override async getStream(stream: string): Promise<StreamInfo | undefined> {
    return (await this.current()).state.getStream(stream);
  }

  override async readAll(options?: ReadAllOptions): Promise<LogPage> {
    return this.reading(async ({ state, payloads }) => {
      const { events, position } = await state.readAll(options);
      return { events: await withPayloads(events, payloads), position };
    });
  }

  override async getRecord(collection: string, key: string): Promise<StoredRecord | undefined> {
    const record = await (await this.current()).state.getRecord(collection, key);
    return record === undefined ? undefined : owned(record);
  }

  override async findRecords(query: RecordQuery): Promise<RecordPage> {
    const page = await (await this.current()).state.findRecords(query);
    return { ...page, records: page.records.map(owned) };
  }

  override onCommit(listener: (notice: CommitNotice) => void): () => void {
    return this.notifier.add(listener);
  }

  /** The clock of the server, as well as this node knows it. */
  override async now(): Promise<number> {
    return this.opened().replica.clock.now();
  }

  override async ping(): Promise<void> {
    await this.opened().barrier.pass();
  }

  override warnings(): readonly StoreWarning[] {
    return this.found;
  }

  /**
   * Connects, makes the stream if need be, and replays the log.
   *
   * @throws {NatsUnavailableError} {@link StoreUnavailableError}
   */
  override async open(): Promise<void> {
    await this.closing;
    if (this.session !== undefined) return;
    const session = await StoreSession.open(this.connections, this.settings, this.named, this.notifier);
    this.found = session.warnings;
    this.session = session;
    this.closing = undefined;
  }

  override close(): Promise<void> {
    return (this.closing ??= this.shutDown());
  }

  private async shutDown(): Promise<void> {
    const { session } = this;
    this.session = undefined;
    await session?.close();
  }

  /** A read of events: what they carry may be fetched from the log after the state was looked at. */
  private async reading<T>(read: (replica: Replica) => Promise<T>): Promise<T> {
    try {
      return await read(await this.current());
    } catch (error) {
      if (!(error instanceof MissingMessage)) throw error;
    }
    // They were deleted and compacted meanwhile, or before this node, which was away, has heard of it.
    const session = this.opened();
    await session.barrier.pass();
    try {
      return await read(session.replica);
    } catch (error) {
      throw error instanceof MissingMessage ? storeFault.damaged(this.named, error.message) : error;
    }
  }

  /** The state after everything that was in the log when this was called. */
  private async current(): Promise<StoreSession['replica']> {
    const session = this.opened();
    if (this.settings.reads === 'latest') await session.barrier.pass();
    session.assertUsable();
    return session.replica;
  }

  private opened(): StoreSession {
    if (this.session === undefined) throw storeFault.closed(this.named);
    this.session.assertUsable();
    return this.session;
  }
}

/** Text cannot be changed; bytes belong to whoever asked for them. */
function owned(record: StoredRecord): StoredRecord {
  const { value } = record;
  return value instanceof Uint8Array ? { ...record, value: new Uint8Array(value) } : record;
}
