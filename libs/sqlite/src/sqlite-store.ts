import {
  assertEncoded,
  CommitNotifier,
  Store,
  StoreUnavailableError,
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
  type StreamInfo,
} from '@catga/core';
import { FileWatch } from './file-watch.js';
import { isName } from './names.js';
import { ReaderClient } from './reader-client.js';
import { toEvents, toLogPage, toReadAll, toReadStream, toStreamInfo } from './event-rows.js';
import { toFind, toPage, toRecords } from './rows.js';
import type { SqliteStoreOptions } from './sqlite-store.options.js';
import { toSettings } from './settings.js';
import { WriterClient } from './writer-client.js';
import type { Cell } from './worker/driver.js';
import type { Query } from './worker/protocol.js';

/**
 * A store in one SQLite file: durable, for everything that runs on one machine. Several OS processes may use the same
 * file at once.
 *
 * Commits are written by a thread of their own, all that wait in one transaction; reads are answered by another. The
 * main thread never waits for the disk.
 *
 * @example
 * ```ts
 * const store = new SqliteStore({ path: './data/app.db' });
 * await store.open();
 * await store.commit({ records: [{ collection: 'settings', key: 'theme', value: '"dark"' }] });
 * ```
 */
export class SqliteStore extends Store {
  override readonly capabilities: StoreCapabilities = {
    name: 'sqlite',
    durable: true,
    shared: true,
    atomic: 'batch',
    payload: 'encoded',
    conditions: true,
  };
  /** Absolute path of the file. */
  readonly path: string;
  private readonly writer: WriterClient;
  private readonly reader: ReaderClient;
  private readonly notifier = new CommitNotifier();
  private readonly watch: FileWatch;
  private closing: Promise<void> | undefined;

  constructor(options: SqliteStoreOptions) {
    super();
    const settings = toSettings(options, 'writer');
    this.path = settings.path;
    this.writer = new WriterClient(settings, {
      committed: (batch) => this.committed(batch),
      foreign: () => this.notifier.touchUnknown(),
    });
    this.reader = new ReaderClient(toSettings(options, 'reader'));
    this.watch = new FileWatch(this.path, () => this.lookForOthers());
  }

  override commit(batch: CommitBatch): Promise<CommitResult> {
    try {
      this.assertOpen();
      assertEncoded('sqlite', batch);
      return this.writer.commit(batch);
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  override async readStream(stream: string, options: ReadStreamOptions = {}): Promise<readonly StoredEvent[]> {
    if (!isName(stream)) return [];
    return toEvents(await this.read(toReadStream(stream, options)), stream);
  }

  override async getStream(stream: string): Promise<StreamInfo | undefined> {
    if (!isName(stream)) return undefined;
    return toStreamInfo(stream, await this.read({ kind: 'info', stream }));
  }

  override async readAll(options: ReadAllOptions = {}): Promise<LogPage> {
    return toLogPage(options, await this.read(toReadAll(options)));
  }

  override async getRecord(collection: string, key: string): Promise<StoredRecord | undefined> {
    if (!isName(collection) || !isName(key)) return undefined;
    return toRecords(collection, await this.read({ kind: 'record', collection, key }))[0];
  }

  override async findRecords(query: RecordQuery): Promise<RecordPage> {
    const find = toFind(query);
    // SQLite would look for something like it and find that.
    if (![query.collection, ...(query.tags ?? [])].every(isName)) return { records: [] };
    return toPage(query, await this.read(find));
  }

  override onCommit(listener: (notice: CommitNotice) => void): () => void {
    const remove = this.notifier.add(listener);
    if (this.closing === undefined) this.watch.start();
    return () => {
      remove();
      if (!this.notifier.listening) this.watch.stop();
    };
  }

  /** Everybody who shares the file is on this machine and has its clock. */
  override async now(): Promise<number> {
    this.assertOpen();
    return Date.now();
  }

  override async ping(): Promise<void> {
    this.assertOpen();
    return this.writer.ping();
  }

  override async open(): Promise<void> {
    await this.closing;
    this.closing = undefined;
    const opened = this.writer.open();
    this.reader.open();
    await opened;
    if (this.notifier.listening) this.watch.start();
  }

  override close(): Promise<void> {
    return (this.closing ??= this.shutDown());
  }

  private async shutDown(): Promise<void> {
    this.watch.stop();
    await Promise.all([this.writer.close(), this.reader.close()]);
  }

  private async read(query: Query): Promise<readonly Cell[]> {
    this.assertOpen();
    return this.reader.read(query);
  }

  private committed({ appends = [], records = [], deleteStreams = [], streams = [] }: CommitBatch): void {
    const { notifier } = this;
    if (!notifier.listening) return;
    for (const { stream, events } of appends) if (events.length > 0) notifier.touchStream(stream);
    for (const stream of deleteStreams) notifier.touchStream(stream);
    for (const { stream } of streams) notifier.touchStream(stream);
    for (const { collection } of records) notifier.touchCollection(collection);
  }

  private lookForOthers(): void {
    // Commits under way will tell anyway.
    if (this.writer.busy || this.closing !== undefined) return;
    this.writer.check().catch(() => undefined); // whoever commits or reads next hears of it
  }

  private assertOpen(): void {
    if (this.closing === undefined) return;
    throw new StoreUnavailableError('closed', `The SQLite store "${this.path}" is closed. Open it again first.`);
  }
}
