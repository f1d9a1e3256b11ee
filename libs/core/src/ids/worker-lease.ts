import { RecordConflictError, type Store, type StoredRecord } from '../store/index.js';
import { NoWorkerIdError } from './ids.errors.js';
import { WORKER_IDS, type WorkerRange } from './snowflake.js';

/** Collection of the records of the store; the key is the worker id. */
export const WORKER_COLLECTION = 'catga.worker-ids';
/** Milliseconds for which a worker id is leased at a time. */
const LEASE = 300_000;
const PAGE = 200;

/**
 * A worker id leased from the records of the store.
 *
 * What is leased is a range of times: the owner makes no id beyond `until`, the next owner none before it. So two owners
 * can never make the same id, whatever their clocks say and however long one of them was frozen.
 */
export class WorkerLease {
  private constructor(
    private readonly store: Store,
    private current: WorkerRange,
    private version: number,
  ) {}

  /**
   * Leases the lowest worker id that is free.
   *
   * @param now the node's own clock, milliseconds since 1970: ids are made by it
   * @throws {NoWorkerIdError} all are taken
   */
  static async take(store: Store, now: () => number = Date.now): Promise<WorkerLease> {
    // A second look finds ids that came free while the first one lost its races.
    for (let attempt = 0; attempt < 2; attempt++) {
      const known = await readAll(store);
      const storeNow = await store.now();
      for (let workerId = 0; workerId < WORKER_IDS; workerId++) {
        const record = known.get(String(workerId));
        const until = record === undefined ? 0 : untilOf(record);
        // A former owner whose clock runs ahead has left times that lie too far in the future to go on from.
        if (until > storeNow || until > now()) continue;
        const range: WorkerRange = { workerId, after: until, until: now() + LEASE };
        const version = await write(store, range, record?.version ?? 0);
        if (version !== undefined) return new WorkerLease(store, range, version);
      }
    }
    throw new NoWorkerIdError(WORKER_IDS);
  }

  /** What may be used now. */
  get range(): WorkerRange {
    return this.current;
  }

  /** Milliseconds between two renewals. */
  static get renewEvery(): number {
    return LEASE / 5;
  }

  /** Prolongs the lease; false when another node has the worker id. */
  async renew(now: number = Date.now()): Promise<boolean> {
    // A clock that went back must not shorten what may have been used.
    return this.move({ ...this.current, until: Math.max(this.current.until, now + LEASE) });
  }

  /** Gives the worker id back; the next owner starts after `latest`. */
  async release(latest: number): Promise<void> {
    await this.move({ ...this.current, until: Math.max(latest, this.current.after) });
  }

  private async move(range: WorkerRange): Promise<boolean> {
    const version = await write(this.store, range, this.version);
    if (version === undefined) return false;
    this.current = range;
    this.version = version;
    return true;
  }
}

async function readAll(store: Store): Promise<Map<string, StoredRecord>> {
  const known = new Map<string, StoredRecord>();
  let cursor: string | undefined;
  do {
    const page = await store.findRecords({ collection: WORKER_COLLECTION, limit: PAGE, ...(cursor && { cursor }) });
    for (const record of page.records) known.set(record.key, record);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return known;
}

/** The version of the record, or undefined when another node was faster. */
async function write(store: Store, range: WorkerRange, ifVersion: number): Promise<number | undefined> {
  const record = { collection: WORKER_COLLECTION, key: String(range.workerId), value: String(range.until), ifVersion };
  try {
    return (await store.commit({ records: [record] })).recordVersions[0];
  } catch (error) {
    if (error instanceof RecordConflictError) return undefined;
    throw error;
  }
}

function untilOf(record: StoredRecord): number {
  const { value } = record;
  return Number(typeof value === 'string' ? value : new TextDecoder().decode(value as Uint8Array));
}
