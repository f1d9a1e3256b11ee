import { isCatgaError, type Clock } from '../../foundation/index.js';
import type { Store, StoredRecord } from '../../store/index.js';
import type { ProcessEngine } from '../engine/process-engine.js';
import type { ClaimReason } from '../engine/run-claims.js';
import { idOfStream, isTerminal, ownerTag, PROCESSES, readRecord } from '../engine/run-record.js';
import { isGone, NODES, readNode, type NodeInfo } from './node-lease.js';
import { CancelRequests } from './cancel-requests.js';
import { RELEASES } from './release.js';
import { Retention } from './retention.js';

export interface RecoveryOptions {
  readonly store: Store;
  readonly engine: ProcessEngine;
  readonly clock: Clock;
  /** This node's id, which changes when its lease was lost. */
  readonly self: () => string;
  /** Milliseconds of a lease; also how often this node looks around at the least, three times in that. */
  readonly lease: number;
  /** Final runs of each process that are kept; undefined: all, or somebody else counts them. */
  readonly count: number | undefined;
  /** Processes of this application. */
  readonly names: () => Iterable<string>;
  /** Other processes may use the store: look for what they leave behind. */
  readonly others: boolean;
  readonly warn: (message: string) => void;
  readonly log: (message: string) => void;
}

/** Collections whose writes are meant for other nodes: they look at once instead of at their next round. */
const WAKING = new Set([CancelRequests.COLLECTION, RELEASES]);
/** Claims at one time. */
const BATCH = 50;
/** Ten years: longer than anything waits. */
const FAR = 3_650 * 86_400_000;

/**
 * Finds the runs that nobody executes: of nodes whose lease has expired or whose process is gone, of nodes that have
 * released theirs, and those whose time has come. Every node does this; there is no coordinator.
 */
export class Recovery {
  private timer: NodeJS.Timeout | undefined;
  private at = Number.POSITIVE_INFINITY;
  private working: Promise<void> | undefined;
  private again = false;
  private stopped = true;
  private rounds = 0;
  private unlisten: (() => void) | undefined;
  private readonly requests: CancelRequests;
  private readonly retention: Retention;

  constructor(private readonly options: RecoveryOptions) {
    this.requests = new CancelRequests(options.store, options.engine);
    const { store, count, names } = options;
    this.retention = new Retention({ store, count, names, isStopped: () => this.stopped });
  }

  /** Looks at once; resolves when what was left over at the start is claimed. */
  async start(): Promise<void> {
    this.stopped = false;
    this.unlisten = this.options.others
      ? this.options.store.onCommit(({ streams, collections }) => {
          const { results } = this.options.engine;
          if (results.awaitOthers) results.recheck(streams && idsOf(streams));
          if (!collections || collections.some((name) => WAKING.has(name))) this.wakeIn(50);
        })
      : undefined;
    await this.look();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    this.unlisten?.();
    await this.working;
  }

  /** Somebody has to look at this time at the latest. Milliseconds since 1970. */
  wakeAt(time: number): void {
    this.wakeIn(time - this.options.clock.now());
  }

  private wakeIn(delay: number): void {
    const at = this.options.clock.monotonic() + Math.max(0, delay);
    if (this.stopped || at >= this.at) return;
    this.at = at;
    clearTimeout(this.timer);
    this.timer = setTimeout(
      () => {
        // Nothing is planned any more; a time that stayed here would keep every later one from being planned.
        this.at = Number.POSITIVE_INFINITY;
        void this.look();
      },
      Math.min(Math.max(0, delay), 2 ** 31 - 1),
    );
    this.timer.unref();
  }

  /** One look at a time; who asks during one gets another. */
  private look(): Promise<void> {
    this.again = this.working !== undefined;
    this.working ??= this.round().finally(() => {
      this.working = undefined;
      if (this.again) this.wakeIn(0);
    });
    return this.working;
  }

  private async round(): Promise<void> {
    this.at = Number.POSITIVE_INFINITY;
    const { lease, others } = this.options;
    try {
      const now = await this.options.store.now();
      if (others) await this.takeOver(now);
      await this.options.engine.settleDoubts();
      await this.due(now);
      await this.retention.removeDueFormer(now);
      if (this.rounds++ % 12 === 0) await this.retention.count();
      if (others) {
        await this.requests.serve(this.options.self());
        this.options.engine.results.recheck();
      }
    } catch (error) {
      this.options.warn(
        `Looking for processes to take over failed, it is tried again: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
    // Jitter, so that nodes do not look and claim in step.
    if (others) this.wakeIn((lease / 3) * (0.8 + Math.random() * 0.2));
  }

  private async takeOver(now: number): Promise<void> {
    const { store } = this.options;
    const self = this.options.self();
    const live = new Set<string>();
    for (const record of await this.all({ collection: NODES })) {
      const node = readNode(record);
      const expired = (record.dueAt ?? 0) <= now;
      if (record.key === self || !(expired || isGone(record.key, node, self))) {
        live.add(record.key);
        if (record.key !== self) this.wakeIn((record.dueAt ?? now) - now + Math.random() * 300);
        continue;
      }
      if (!(await this.fence(record, node))) continue;
      const left = await this.claimAll(ownerTag(record.key), 'expired');
      if (left === 0) await store.commit({ records: [{ collection: NODES, key: record.key }] });
    }
    await this.claimAll(ownerTag(undefined), 'released');
    if (this.rounds % 12 === 0) await this.orphans(live);
  }

  /** Ends a lease for good: its node can no longer renew it. False when the node was quicker. */
  private async fence(record: StoredRecord, node: NodeInfo): Promise<boolean> {
    if (node.dead) return true;
    const { store } = this.options;
    const dead: NodeInfo = { ...node, dead: true };
    try {
      await store.commit({
        records: [
          {
            collection: NODES,
            key: record.key,
            value: store.capabilities.payload === 'reference' ? dead : JSON.stringify(dead),
            dueAt: record.dueAt ?? 0,
            ifVersion: record.version,
          },
        ],
      });
      return true;
    } catch (error) {
      if (isCatgaError(error, 'CATGA_RECORD_CONFLICT')) return false;
      throw error;
    }
  }

  /** Runs whose owner has no lease at all: it died between two writes that others should have seen. */
  private async orphans(live: ReadonlySet<string>): Promise<void> {
    for (const status of ['running', 'compensating']) {
      const records = await this.all({ collection: PROCESSES, tags: [`status:${status}`] });
      const orphaned = records.filter((record) => {
        const { owner } = readRecord(record);
        return owner !== undefined && !live.has(owner) && owner !== this.options.self();
      });
      await this.claimEach(orphaned, 'expired');
    }
  }

  /** Answers with how many could not be claimed because their class is not here. */
  private async claimAll(tag: string, reason: ClaimReason): Promise<number> {
    return this.claimEach(await this.all({ collection: PROCESSES, tags: [tag] }), reason);
  }

  private async claimEach(records: readonly StoredRecord[], reason: ClaimReason): Promise<number> {
    let left = 0;
    let claimed = 0;
    for (let i = 0; i < records.length && !this.stopped; i += BATCH) {
      const results = await Promise.all(
        records
          .slice(i, i + BATCH)
          .map((record) =>
            this.options.engine.claim(record.key, reason, { from: { owner: readRecord(record).owner } }),
          ),
      );
      left += results.filter((result) => result === 'not-here').length;
      claimed += results.filter((result) => result === 'claimed').length;
    }
    if (claimed > 0 && reason !== 'due')
      this.options.log(
        `Goes on with what was ${reason === 'expired' ? 'cut off' : 'released'}: ${claimed} process${claimed === 1 ? '' : 'es'}.`,
      );
    return left;
  }

  /** Waits that are over, and final runs whose retention is. */
  private async due(now: number): Promise<void> {
    const { store } = this.options;
    // Those whose class is not here stay due: they are for others, and must neither be asked for again and again nor
    // hide who comes behind them.
    let left = 0;
    let cursor: string | undefined;
    do {
      const page = await store.findRecords({
        collection: PROCESSES,
        dueBefore: now,
        order: 'due',
        limit: 200,
        ...(cursor === undefined ? {} : { cursor }),
      });
      const waiting = page.records.filter((record) => readRecord(record).status === 'waiting');
      left += await this.claimEach(waiting, 'due');
      const final = page.records.filter((record) => isTerminal(readRecord(record).status));
      await this.retention.remove(final);
      ({ cursor } = page);
    } while (cursor !== undefined && !this.stopped);
    const ahead = await store.findRecords({
      collection: PROCESSES,
      dueBefore: now + FAR,
      order: 'due',
      limit: Math.min(left + 1, 500),
    });
    const next = ahead.records.find(({ dueAt = 0 }) => dueAt > now);
    if (next?.dueAt !== undefined) this.wakeIn(Math.max(next.dueAt - now, 5));
  }

  private async all(query: { collection: string; tags?: readonly string[] }): Promise<StoredRecord[]> {
    const found: StoredRecord[] = [];
    let cursor: string | undefined;
    do {
      const page = await this.options.store.findRecords({
        ...query,
        limit: 500,
        ...(cursor === undefined ? {} : { cursor }),
      });
      found.push(...page.records);
      ({ cursor } = page);
    } while (cursor !== undefined);
    return found;
  }
}

/** Ids of the processes to which these streams belong. */
function idsOf(streams: readonly string[]): string[] {
  return streams.map(idOfStream).filter((id) => id !== undefined);
}
