import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { isCatgaError, type Clock } from '../../foundation/index.js';
import type { Store, StoredRecord } from '../../store/index.js';
import { noteValues, type ModelValues } from '../model/model-values.js';
import { LEASES } from '../state/collections.js';

/** Who works on a shard. */
export interface LeaseHolder {
  readonly owner: string;
  readonly host: string;
  readonly pid: number;
  /** Milliseconds since 1970, by the store's clock. */
  readonly until: number;
}

export interface ShardLeasesOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** Milliseconds after which others may take a shard over. Renewed at a third. */
  readonly lease: number;
  /** The shard belongs to somebody else now, or may. */
  readonly onLost: (shard: string) => void;
}

interface Held {
  version: number;
  /** By the monotonic clock. */
  validUntil: number;
}

/** Ids given out by this very process: two applications in it must not take each other for dead. */
const localOwners = new Set<string>();

/**
 * Says which node works on a shard, so that only one does. It saves work and decides nothing: who may write is decided
 * by the version of the checkpoint. A store that nobody else can reach needs no leases.
 */
export class ShardLeases {
  readonly owner = `${hostname()}/${process.pid}/${randomBytes(4).toString('hex')}`;
  private readonly held = new Map<string, Held>();
  private readonly values: ModelValues;
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(private readonly options: ShardLeasesOptions) {
    this.values = noteValues(options.store);
    localOwners.add(this.owner);
  }

  /** Shards held by this node. */
  get count(): number {
    return this.held.size;
  }

  /** Takes a shard that nobody holds; false when somebody does. */
  async take(shard: string): Promise<boolean> {
    const { store } = this.options;
    if (!store.capabilities.shared) return true;
    const [record, now] = await Promise.all([store.getRecord(LEASES, shard), store.now()]);
    if (record !== undefined && !this.isFree(record, now)) return false;
    return this.write(shard, record?.version ?? 0);
  }

  /** Lets others take it at once. */
  async release(shard: string): Promise<void> {
    const held = this.held.get(shard);
    if (held === undefined) return;
    this.held.delete(shard);
    try {
      await this.options.store.commit({ records: [{ collection: LEASES, key: shard, ifVersion: held.version }] });
    } catch {
      // It expires by itself.
    }
  }

  /** Who holds a shard, as far as the store knows. */
  async holder(shard: string): Promise<LeaseHolder | undefined> {
    const record = await this.options.store.getRecord(LEASES, shard);
    return record && (this.values.decode(record.value) as LeaseHolder);
  }

  start(): void {
    if (!this.options.store.capabilities.shared) return;
    this.timer = setInterval(() => void this.renewAll(), this.options.lease / 3).unref();
  }

  /** Stops renewing; {@link release} what is held before. */
  stop(): void {
    this.stopped = true;
    clearInterval(this.timer);
    localOwners.delete(this.owner);
  }

  private async renewAll(): Promise<void> {
    const now = this.options.clock.monotonic();
    for (const [shard, held] of [...this.held]) {
      // Frozen for too long, or the store was away: somebody else may have it, and works on it already.
      if (held.validUntil <= now && this.held.delete(shard)) this.options.onLost(shard);
    }
    await Promise.all([...this.held].map(([shard, { version }]) => this.renew(shard, version)));
  }

  private async renew(shard: string, version: number): Promise<void> {
    try {
      if (await this.write(shard, version)) return;
      if (this.held.delete(shard)) this.options.onLost(shard);
    } catch {
      // The store is away: it is held until its time is over.
    }
  }

  private async write(shard: string, ifVersion: number): Promise<boolean> {
    const { store, clock, lease } = this.options;
    // Measured from before it was sent, on a clock that only grows.
    const validUntil = clock.monotonic() + lease;
    const until = (await store.now()) + lease;
    const holder: LeaseHolder = { owner: this.owner, host: hostname(), pid: process.pid, until };
    try {
      const { recordVersions } = await store.commit({
        records: [{ collection: LEASES, key: shard, value: this.values.encode(holder), ifVersion }],
      });
      if (this.stopped) return false;
      this.held.set(shard, { version: recordVersions[0] as number, validUntil });
      return true;
    } catch (error) {
      if (isCatgaError(error, 'CATGA_RECORD_CONFLICT')) return false;
      throw error;
    }
  }

  private isFree(record: StoredRecord, now: number): boolean {
    const holder = this.values.decode(record.value) as LeaseHolder;
    return holder.until <= now || holder.owner === this.owner || isGone(holder);
  }
}

/**
 * Is the OS process of the holder certainly gone? Then nobody has to wait for its lease. Only known of this host. Being
 * wrong is safe: the version of the checkpoint decides who may write.
 */
function isGone({ host, pid, owner }: LeaseHolder): boolean {
  if (host !== hostname()) return false;
  if (pid === process.pid) return !localOwners.has(owner);
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as { code?: string }).code === 'ESRCH';
  }
}
