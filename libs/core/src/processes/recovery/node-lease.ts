import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { isCatgaError, type Clock } from '../../foundation/index.js';
import type { Store, StoredRecord } from '../../store/index.js';
import type { Ownership } from '../engine/run.js';

/** Collection in which every node keeps its lease. */
export const NODES = 'nodes';

/** What a node says about itself. */
export interface NodeInfo {
  readonly host: string;
  readonly pid: number;
  /** Somebody has found the lease expired and takes over: it cannot be renewed any more. */
  readonly dead?: boolean;
}

export interface NodeLeaseOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** Milliseconds after which others may take over. Renewed at a third. */
  readonly lease: number;
  /** Everything this node ran belongs to others now. */
  readonly onLost: () => void;
  readonly warn: (message: string) => void;
}

/**
 * This node's right to run processes, as one record in the store.
 *
 * Invariants: the lease is measured on a clock that only grows, from before its renewal was sent; at two thirds of it
 * nothing new is begun; a renewal writes only over this node's own last one, so a lease that somebody has ended stays
 * ended. The lease decides when somebody may try to take over. Who wins is decided by the version of each journal.
 */
export class NodeLease implements Ownership {
  owner = newOwner();
  private version = 0;
  private validUntil = Number.NEGATIVE_INFINITY;
  private waiting: (() => void)[] = [];
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(private readonly options: NodeLeaseOptions) {}

  async start(): Promise<void> {
    await this.renew();
  }

  whenValid(begin: () => void): void {
    if (this.options.clock.monotonic() < this.validUntil) begin();
    else this.waiting.push(begin);
  }

  /** Others may take over at once. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.validUntil = Number.NEGATIVE_INFINITY;
    clearTimeout(this.timer);
    if (this.version === 0) return;
    try {
      await this.options.store.commit({ records: [{ collection: NODES, key: this.owner, ifVersion: this.version }] });
    } catch {
      // It expires by itself.
    }
  }

  /** As if the process had been killed: the record stays. For tests. */
  crash(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  private async renew(): Promise<void> {
    const { clock, store, lease } = this.options;
    const sent = clock.monotonic();
    try {
      const info: NodeInfo = { host: hostname(), pid: process.pid };
      const result = await store.commit({
        records: [
          {
            collection: NODES,
            key: this.owner,
            value: store.capabilities.payload === 'reference' ? info : JSON.stringify(info),
            dueAt: (await store.now()) + lease,
            ifVersion: this.version,
          },
        ],
      });
      if (this.stopped) return;
      this.version = result.recordVersions[0] as number;
      this.validUntil = sent + (lease * 2) / 3;
      this.release();
    } catch (error) {
      if (isCatgaError(error, 'CATGA_RECORD_CONFLICT')) return this.conflicted();
      this.options.warn(
        `The lease of this node could not be renewed: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
    this.schedule(this.validUntil > clock.monotonic() ? lease / 3 : Math.min(1_000, lease / 3));
  }

  /** Only this node writes its lease while it lives: a newer one that is not ended is its own, whose answer was lost. */
  private async conflicted(): Promise<void> {
    const { store } = this.options;
    const found = await store.getRecord(NODES, this.owner).catch(() => null);
    if (found === undefined || (found !== null && readNode(found).dead)) return this.lost();
    if (found) this.version = found.version;
    this.schedule(found ? 0 : 1_000);
  }

  /** Another node has ended this lease: this node begins anew. */
  private lost(): void {
    if (this.stopped) return;
    this.options.warn(
      `Node ${this.owner} has lost its lease; its processes go on elsewhere. It continues under a new id.`,
    );
    this.waiting = [];
    this.validUntil = Number.NEGATIVE_INFINITY;
    this.owner = newOwner();
    this.version = 0;
    this.options.onLost();
    this.schedule(0);
  }

  private release(): void {
    const { waiting } = this;
    this.waiting = [];
    for (const begin of waiting) begin();
  }

  private schedule(delay: number): void {
    if (this.stopped) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.renew(), delay);
    this.timer.unref();
  }
}

/** The right to run of a node whose store nobody else can reach. */
export class SoleOwnership implements Ownership {
  readonly owner = newOwner();
  whenValid(begin: () => void): void {
    begin();
  }
}

export function readNode(record: StoredRecord): NodeInfo {
  return typeof record.value === 'string' ? (JSON.parse(record.value) as NodeInfo) : (record.value as NodeInfo);
}

/**
 * Is the node's operating system process certainly gone? Then nobody has to wait for its lease. Only known of this
 * host; a process id that is in use again says nothing, and the lease decides. Being wrong is safe: the journal's
 * version decides who may write.
 */
export function isGone(key: string, node: NodeInfo, self: string): boolean {
  if (node.dead) return true;
  if (node.host !== hostname() || key === self) return false;
  if (node.pid === process.pid) return !localOwners.has(key);
  try {
    process.kill(node.pid, 0);
    return false;
  } catch (error) {
    return (error as { code?: string }).code === 'ESRCH';
  }
}

/** Ids given out by this very process: two applications in it must not take each other for dead. */
const localOwners = new Set<string>();

function newOwner(): string {
  const owner = `${hostname()}/${process.pid}/${randomBytes(4).toString('hex')}`;
  localOwners.add(owner);
  return owner;
}
