import {
  Aggregates,
  EventLog,
  EventRegistry,
  JsonCodec,
  MemoryStore,
  SnapshotService,
  TimeTravel,
  type CommitBatch,
  type CommitResult,
  type MemoryStoreOptions,
  type ReadStreamOptions,
  type SnapshotWriterOptions,
  type Store,
  type StoredEvent,
} from '@catga/core';

/** Repositories on a store, without Nest. */
export function repositoriesOn(store: Store, options?: SnapshotWriterOptions) {
  const codec = new JsonCodec();
  const log = new EventLog(store, new EventRegistry(store, { codec }));
  const warnings: string[] = [];
  const snapshots = new SnapshotService({ store, codec, options, warn: (message) => warnings.push(message) });
  const aggregates = new Aggregates(log, snapshots);
  return {
    store,
    log,
    snapshots,
    aggregates,
    timeTravel: new TimeTravel(aggregates, log),
    warnings,
    /** Until every snapshot that is due is written. */
    async settled(): Promise<void> {
      for (;;) {
        await new Promise((resolve) => setImmediate(resolve));
        if (snapshots.waiting === 0) return;
      }
    },
  };
}

/** A memory store that counts what is read, and in which writes of snapshots can be made to go wrong. */
export class WatchedStore extends MemoryStore {
  /** Events that readers were given. */
  eventsRead = 0;
  /** What happens to a write of a snapshot. */
  onSnapshot: ((write: () => CommitResult) => CommitResult | Promise<CommitResult>) | undefined;

  constructor(options: MemoryStoreOptions = { mode: 'copy' }) {
    super(options);
  }

  override commit(batch: CommitBatch): CommitResult {
    const write = (): CommitResult => super.commit(batch);
    const isSnapshot = batch.records?.[0]?.collection === 'snapshots';
    return isSnapshot && this.onSnapshot ? (this.onSnapshot(write) as CommitResult) : write();
  }

  override async readStream(stream: string, options?: ReadStreamOptions): Promise<readonly StoredEvent[]> {
    const events = await super.readStream(stream, options);
    this.eventsRead += events.length;
    return events;
  }
}
