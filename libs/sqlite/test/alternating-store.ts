import { Store, type CommitNotice } from '@catga/core';
import type { SqliteStore } from '@catga/sqlite';

/** Two stores on one file as one: each call goes to the other one than the call before. */
export class AlternatingStore extends Store {
  private turn = 0;

  constructor(
    readonly first: SqliteStore,
    readonly second: SqliteStore,
  ) {
    super();
  }

  override get capabilities(): Store['capabilities'] {
    return this.first.capabilities;
  }

  override commit: Store['commit'] = (batch) => this.next().commit(batch);
  override readStream: Store['readStream'] = (stream, options) => this.next().readStream(stream, options);
  override getStream: Store['getStream'] = (stream) => this.next().getStream(stream);
  override readAll: Store['readAll'] = (options) => this.next().readAll(options);
  override getRecord: Store['getRecord'] = (collection, key) => this.next().getRecord(collection, key);
  override findRecords: Store['findRecords'] = (query) => this.next().findRecords(query);
  override now: Store['now'] = () => this.next().now();
  override ping: Store['ping'] = () => this.next().ping();

  override onCommit(listener: (notice: CommitNotice) => void): () => void {
    return this.first.onCommit(listener);
  }

  override async open(): Promise<void> {
    await Promise.all([this.first.open(), this.second.open()]);
  }

  override async close(): Promise<void> {
    await Promise.all([this.first.close(), this.second.close()]);
  }

  private next(): SqliteStore {
    return this.turn++ % 2 === 0 ? this.first : this.second;
  }
}
