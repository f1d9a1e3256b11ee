import type { Store } from '../../store/index.js';
import { noteValues } from '../model/model-values.js';
import { MEMBERS } from '../state/collections.js';

/**
 * The nodes that work on one projection, so that each takes its share of the partitions. It only spreads work: a count
 * that is wrong for a moment leaves a partition waiting, never with two writers.
 */
export class Membership {
  private joinedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly store: Store,
    private readonly group: string,
    private readonly owner: string,
    /** Milliseconds for which a node counts without saying again that it is there. */
    private readonly lease: number,
  ) {}

  /** Says that this node takes part; at most once in a third of the lease. */
  async join(now: number): Promise<void> {
    if (now - this.joinedAt < this.lease / 3) return;
    this.joinedAt = now;
    const expiresAt = (await this.store.now()) + this.lease;
    const value = noteValues(this.store).encode({});
    await this.store.commit({
      records: [{ collection: MEMBERS, key: this.key, value, tags: [this.group], expiresAt }],
    });
  }

  async leave(): Promise<void> {
    if (this.joinedAt === Number.NEGATIVE_INFINITY) return;
    this.joinedAt = Number.NEGATIVE_INFINITY;
    try {
      await this.store.commit({ records: [{ collection: MEMBERS, key: this.key }] });
    } catch {
      // It expires by itself.
    }
  }

  /** Most of so many partitions that one node should work on. */
  async share(partitions: number): Promise<number> {
    const { records } = await this.store.findRecords({ collection: MEMBERS, tags: [this.group], limit: 1_000 });
    return Math.ceil(partitions / Math.max(1, records.length));
  }

  private get key(): string {
    return `${this.group}/${this.owner}`;
  }
}
