import { setTimeout as sleep } from 'node:timers/promises';
import { RecordConflictError, type Store, type StoredRecord } from '../../store/index.js';
import type { LockAnswer, LockBackend, LockRequest } from './lock-backend.js';
import { releaseLock, renewLock, takeLock, type LockChange, type LockState } from './lock-state.js';
import { textOf } from '../record-text.js';

/** Collection of the locks; the key is the name of the lock. */
export const LOCK_COLLECTION = 'catga.locks';
/** Touched when a lock with a queue is freed: so those who wait do not wake up at every renewal of every lock. */
const WAKE_COLLECTION = 'catga.lock-wake-ups';
/** Holds the highest token of all locks that were removed: whatever is made anew starts above it. */
const REMOVED = { collection: 'catga.lock-tokens', key: 'removed' } as const;
/** Milliseconds for which a lock that nobody uses is kept. */
const KEPT = 86_400_000;
/** Releases between two looks for locks that nobody uses. */
const SWEEP_EVERY = 500;
const SWEEP_SIZE = 100;

/**
 * Locks as records of a store: shared by all nodes where the store is. Every change is a compare-and-set on the record,
 * so no two nodes are ever given the same token.
 */
export class StoreLocks implements LockBackend {
  private releases = 0;

  constructor(private readonly store: Store) {}

  get name(): string {
    return this.store.capabilities.name;
  }

  take(request: LockRequest): Promise<LockAnswer> {
    return this.change(request.name, (state, now) => takeLock(state, now, request));
  }

  renew(name: string, owner: string, ttl: number): Promise<boolean> {
    return this.change(name, (state, now) => renewLock(state, now, owner, ttl));
  }

  async release(name: string, owner: string): Promise<void> {
    const release = (state: LockState, now: number): LockChange<boolean> => releaseLock(state, now, owner);
    const isFreed = await this.change(name, release, true);
    if (isFreed && ++this.releases % SWEEP_EVERY === 0) await this.sweep();
  }

  onRelease(_name: string, listener: () => void): () => void {
    return this.store.onCommit(({ collections }) => {
      if (collections === undefined || collections.includes(WAKE_COLLECTION)) listener();
    });
  }

  /** Removes locks that nobody has used for a day. Done now and then by itself. Returns how many. */
  async sweep(): Promise<number> {
    const dueBefore = await this.store.now();
    const query = { collection: LOCK_COLLECTION, dueBefore, order: 'due', limit: SWEEP_SIZE } as const;
    const { records } = await this.store.findRecords(query);
    if (records.length === 0) return 0;
    const { collection, key } = REMOVED;
    const known = await this.store.getRecord(collection, key);
    const highest = Math.max(tokenOf(known), ...records.map((record) => stateOf(record).token));
    const isDone = await this.commit([
      ...records.map((record) => ({ collection: LOCK_COLLECTION, key: record.key, ifVersion: record.version })),
      { collection, key, value: String(highest), ifVersion: known?.version ?? 0 },
    ]);
    return isDone ? records.length : 0;
  }

  private async change<T>(
    name: string,
    decide: (state: LockState, now: number) => LockChange<T>,
    wakes = false,
  ): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      const [record, now] = await Promise.all([this.store.getRecord(LOCK_COLLECTION, name), this.store.now()]);
      const { next, answer } = decide(record === undefined ? await this.unused() : stateOf(record), now);
      if (next === undefined || (await this.write(name, next, record?.version ?? 0, wakes))) return answer;
      if (attempt > 0) await sleep(Math.random() * Math.min(50, 2 ** attempt));
    }
  }

  /**
   * Read after the lock was not found, never before: it may have been removed in between, and the token written there by
   * that very commit. Only a node that stops between reading and writing for a day could miss one.
   */
  private async unused(): Promise<LockState> {
    const token = tokenOf(await this.store.getRecord(REMOVED.collection, REMOVED.key));
    return { token, until: 0, queue: [] };
  }

  private write(name: string, state: LockState, ifVersion: number, wakes: boolean): Promise<boolean> {
    const { until } = state;
    const lock = {
      collection: LOCK_COLLECTION,
      key: name,
      value: JSON.stringify(state),
      ifVersion,
      dueAt: until + KEPT,
    };
    const wakeUp = { collection: WAKE_COLLECTION, key: name, value: '', expiresAt: until + KEPT };
    return this.commit(wakes && state.queue.length > 0 ? [lock, wakeUp] : [lock]);
  }

  private async commit(records: Parameters<Store['commit']>[0]['records']): Promise<boolean> {
    try {
      await this.store.commit(records === undefined ? {} : { records });
      return true;
    } catch (error) {
      if (error instanceof RecordConflictError) return false;
      throw error;
    }
  }
}

function stateOf(record: StoredRecord): LockState {
  return JSON.parse(textOf(record)) as LockState;
}

function tokenOf(record: StoredRecord | undefined): number {
  return record === undefined ? 0 : Number(textOf(record));
}
