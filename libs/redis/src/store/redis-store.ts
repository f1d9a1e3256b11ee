import { randomUUID } from 'node:crypto';
import {
  AppendConditionError,
  assertEncoded,
  assertKnownOptions,
  CommitNotifier,
  InvalidOptionError,
  Store,
  StoreUnavailableError,
  toMilliseconds,
  type AppendCondition,
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
import { optionName, RedisConnections, RedisUnavailableError, type RedisConnection } from '../connection/index.js';
import { CommitListener } from './commit-listener.js';
import { CommitQueue } from './commit-queue.js';
import { STORE_OPTIONS, type RedisStoreOptions } from './redis-store.options.js';
import { ScriptRunner } from './script-runner.js';
import { OPEN_STORE } from './scripts/event-reads.js';
import { dangersOf, readServerSettings, type Danger } from './server-settings.js';
import { SCHEMA, StoreIdentity } from './store-identity.js';
import { StoreReader } from './store-reader.js';
import { storeError, toStoreError } from './store.errors.js';

/** What there is while the store is open. */
interface OpenStore {
  readonly connections: readonly RedisConnection[];
  readonly queue: CommitQueue;
  readonly reader: StoreReader;
}

/**
 * A store on a Redis server or in a Redis Cluster, for applications on several nodes. Every commit is applied as a whole by
 * a script on the server; commits that wait go over together. A commit whose answer is lost is sent again and happens once.
 *
 * How durable it is depends on the server: see {@link RedisStore.warnings}.
 *
 * @example
 * ```ts
 * const store = new RedisStore({ url: 'redis://localhost:6379', name: 'shop' });
 * await store.open();
 * await store.commit({ records: [{ collection: 'settings', key: 'theme', value: '"dark"' }] });
 * ```
 */
export class RedisStore extends Store {
  /** Begins every key, in braces. */
  readonly name: string;
  private readonly connections: RedisConnections;
  private readonly timeout: number;
  private readonly largest: number;
  private readonly strict: boolean;
  private readonly notifier = new CommitNotifier();
  private durable = true;
  private dangers: readonly Danger[] = [];
  private current: OpenStore | undefined;
  private closing: Promise<void> | undefined;

  /**
   * @param where whose options they are, for messages
   * @throws {UnknownOptionError} @throws {InvalidOptionError} @throws {InvalidDurationError}
   */
  constructor(options: RedisStoreOptions = {}, where = 'new RedisStore') {
    super();
    assertKnownOptions(where, options, STORE_OPTIONS);
    this.connections = new RedisConnections(options, where);
    this.name = this.connections.settings.name;
    this.timeout = toMilliseconds(options.commandTimeout ?? '10s', optionName(where, 'commandTimeout'));
    this.largest = options.maxCommitSize ?? 64 * 1_024 * 1_024;
    if (!Number.isFinite(this.largest) || this.largest <= 0) {
      throw new InvalidOptionError(optionName(where, 'maxCommitSize'), this.largest, 'a number of bytes');
    }
    this.strict = options.strict ?? false;
  }

  /** `durable` is what the server's settings make of it, known once the store is open. */
  override get capabilities(): StoreCapabilities {
    const { durable } = this;
    return { name: 'redis', durable, shared: true, atomic: 'batch', payload: 'encoded', conditions: true };
  }

  override warnings(): readonly StoreWarning[] {
    return this.dangers.map(({ code, message }) => ({ code, message }));
  }

  override commit(batch: CommitBatch): Promise<CommitResult> {
    try {
      const { queue } = this.opened();
      assertEncoded('redis', batch);
      return queue.commit(batch);
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  override async readStream(stream: string, options: ReadStreamOptions = {}): Promise<readonly StoredEvent[]> {
    return this.opened().reader.readStream(stream, options);
  }

  override async getStream(stream: string): Promise<StreamInfo | undefined> {
    return this.opened().reader.getStream(stream);
  }

  override async readAll(options: ReadAllOptions = {}): Promise<LogPage> {
    return this.opened().reader.readAll(options);
  }

  override async getRecord(collection: string, key: string): Promise<StoredRecord | undefined> {
    return this.opened().reader.getRecord(collection, key);
  }

  override async findRecords(query: RecordQuery): Promise<RecordPage> {
    return this.opened().reader.findRecords(query);
  }

  override onCommit(listener: (notice: CommitNotice) => void): () => void {
    return this.notifier.add(listener);
  }

  override async now(): Promise<number> {
    return this.opened().reader.now();
  }

  /** Asks on the connection of commits, with a commit that does nothing. */
  override async ping(): Promise<void> {
    await this.opened().queue.commit({});
  }

  /**
   * @throws {RedisAuthError} when the server refuses the login
   * @throws {StoreUnavailableError} when it is not there, is a replica, holds a store of a newer release, or, with
   * `strict`, has settings that would lose data
   */
  override async open(): Promise<void> {
    await this.closing;
    this.closing = undefined;
    const writer = this.connections.open('store-writer');
    const listener = this.connections.openSubscriber('store-listener');
    const connections = [writer, this.connections.open('store-reader'), listener];
    try {
      await Promise.all(connections.map((each) => each.ready(this.timeout)));
      await this.look(writer);
      const identity = await this.identify(writer);
      const notices = new CommitListener(listener, this.connections.key('commits'), this.notifier, identity.client);
      await notices.start(this.timeout);
      this.current = this.assemble(identity, connections);
    } catch (error) {
      for (const each of connections) each.close();
      if (error instanceof RedisUnavailableError) throw toStoreError(this.name, error);
      throw error;
    }
  }

  override close(): Promise<void> {
    return (this.closing ??= this.shutDown());
  }

  private async shutDown(): Promise<void> {
    await this.current?.queue.drained();
    for (const each of this.current?.connections ?? []) each.close();
    this.current = undefined;
  }

  /** Reads the settings of the server. */
  private async look(connection: RedisConnection): Promise<void> {
    const servers = await readServerSettings(connection.client);
    if (servers.some(({ role }) => role === 'slave')) {
      throw storeError('read-only', this.name, 'the server is a replica. Give the address of the primary.');
    }
    this.dangers = dangersOf(servers);
    this.durable = !servers.some(({ appendonly }) => appendonly === false);
    const refused = this.dangers.filter((danger) => danger.refused);
    if (!this.strict || refused.length === 0) return;
    const reasons = refused.map(({ message }) => message).join(' ');
    throw storeError('unsafe-settings', this.name, `it is strict, and the server is not. ${reasons}`);
  }

  /** Makes the store, or learns which one it is. */
  private async identify(connection: RedisConnection): Promise<StoreIdentity> {
    const identity = new StoreIdentity(this.name);
    const args = [OPEN_STORE.text, 1, this.connections.key('head'), randomUUID(), SCHEMA];
    const reply = await connection.callBuffer('EVAL', args).catch((error: unknown) => {
      throw toStoreError(this.name, error);
    });
    const [epoch = '', position, schema] = (reply as readonly Buffer[]).map(String);
    if (Number(schema) > SCHEMA) {
      const text = `it was written by a newer release of @catga/redis (schema ${schema}, this one knows ${SCHEMA}). Update this application. Nothing was changed.`;
      throw storeError('newer-schema', this.name, text);
    }
    identity.epoch = epoch;
    identity.saw(Number(position));
    return identity;
  }

  private assemble(identity: StoreIdentity, connections: readonly RedisConnection[]): OpenStore {
    const [writer, second] = connections as [RedisConnection, RedisConnection];
    const head = this.connections.key('head');
    const reader = new StoreReader(new ScriptRunner(second, head, identity), identity, this.timeout);
    const queue = new CommitQueue({
      runner: new ScriptRunner(writer, head, identity),
      identity,
      timeout: this.timeout,
      largest: this.largest,
      committed: (batch) => this.committed(batch),
      lookAhead: (batch) => lookAhead(reader, batch),
    });
    return { connections, queue, reader };
  }

  private committed({ appends = [], records = [], deleteStreams = [], streams = [] }: CommitBatch): void {
    const { notifier } = this;
    if (!notifier.listening) return;
    for (const { stream, events } of appends) if (events.length > 0) notifier.touchStream(stream);
    for (const stream of deleteStreams) notifier.touchStream(stream);
    for (const { stream } of streams) notifier.touchStream(stream);
    for (const { collection } of records) notifier.touchCollection(collection);
  }

  private opened(): OpenStore {
    if (this.current !== undefined && this.closing === undefined) return this.current;
    throw new StoreUnavailableError('closed', `The Redis store "${this.name}" is closed. Open it again first.`);
  }
}

/** Reads, in parts, what one script could not look through; from there on the conditions are checked by the commit. */
async function lookAhead(reader: StoreReader, batch: CommitBatch): Promise<CommitBatch> {
  const conditions: AppendCondition[] = [];
  for (const [index, { query, after }] of (batch.conditions ?? []).entries()) {
    const { events, position } = await reader.readAll({ query, after, limit: 1, closed: true });
    const [found] = events;
    if (found !== undefined) throw new AppendConditionError(index, after, found.position);
    conditions.push({ query, after: position });
  }
  return { ...batch, conditions };
}
