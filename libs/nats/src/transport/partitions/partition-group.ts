import type { SubscriptionSettings } from '@catga/core';
import type { TransportContext } from '../context.js';
import type { Runner } from '../runner.js';
import type { StateRecord } from '../state-records.js';
import type { SubscriptionRecord } from '../subscription-record.js';
import { Membership } from './membership.js';
import { OwnedPartition } from './owned-partition.js';
import { UNTOUCHED, withLostAttempts, type PartitionRecord } from './partition-record.js';

/** Longest time between announcements of a member. Milliseconds. */
const INTERVAL = 1_000;

/** What a member's partitions work with. */
export interface PartitionGroupOptions {
  readonly context: TransportContext;
  readonly settings: SubscriptionSettings;
  readonly subscription: StateRecord<SubscriptionRecord>;
  readonly runner: Runner;
  /** Of this member, unlike any other's. */
  readonly id: string;
}

/** One partition as a member sees it. */
interface Slot {
  owned?: OwnedPartition;
  /** A claim or a hand-over is under way. */
  busy?: Promise<void>;
  /** The newest record of somebody else, and since when it has not changed. */
  seen?: { readonly revision: number; readonly since: number };
}

/** The partitions that one member owns: its share of all, by agreement where possible, by compare-and-set always. */
export class PartitionGroup {
  private readonly membership: Membership;
  private readonly slots: Slot[];

  constructor(private readonly options: PartitionGroupOptions) {
    const { context, settings, subscription, id } = options;
    this.slots = Array.from({ length: context.partitions }, () => ({}));
    this.membership = new Membership({
      link: context.link,
      subject: context.names.members(settings.name),
      id,
      revision: subscription.revision,
      interval: Math.min(INTERVAL, settings.ackTimeout / 4),
      onChange: () => this.balance(),
    });
  }

  /** Takes part; resolves when it owns what it can have at once. */
  async join(): Promise<void> {
    this.membership.join();
    this.balance();
    await Promise.all(this.slots.map(async ({ busy }) => busy));
  }

  /** Gives everything up; resolves when others may have it. */
  async leave(): Promise<void> {
    this.membership.leave();
    await Promise.all(
      this.slots.map(async (slot, partition) => {
        await slot.busy;
        this.adjust(slot, partition);
        await slot.busy;
      }),
    );
  }

  /** Whatever runs does not count any more. */
  abandon(reason: Error): void {
    for (const { owned } of this.slots) owned?.abandon(reason);
  }

  /** To be called often: announces, renews, claims. */
  tick(): void {
    this.membership.tick();
    this.renew();
    this.balance();
  }

  /** Keeps what is owned; for a member that leaves while its handlers run. */
  renew(): void {
    for (const { owned } of this.slots) owned?.lease.renew();
  }

  /** By partition: what is open, and the number after which everything is. */
  async waiting(): Promise<{ partition: number; here: number; after: number }[]> {
    const { context, settings, subscription } = this.options;
    const starts = Object.values(subscription.value.subjects);
    return Promise.all(
      this.slots.map(async ({ owned }, partition) => {
        if (owned !== undefined && !owned.isLost) return { partition, ...owned.waiting };
        const found = await context.records.get<PartitionRecord>(
          context.names.partitionState(settings.name, partition),
        );
        const { high, open, begun, owner } = found?.value ?? UNTOUCHED;
        const here = open.length - (owner === null ? 0 : begun.length);
        return { partition, here, after: high === 0 ? Math.min(...starts) : high };
      }),
    );
  }

  private balance(): void {
    for (const [partition, slot] of this.slots.entries()) this.adjust(slot, partition);
  }

  private adjust(slot: Slot, partition: number): void {
    if (slot.busy !== undefined) return;
    if (slot.owned?.isLost === true && slot.owned.isIdle) delete slot.owned;
    const { owned } = slot;
    const should = this.membership.shouldOwn(partition);
    const change =
      owned === undefined && should
        ? this.claim(slot, partition)
        : owned !== undefined && !owned.isLost && !should
          ? this.handOver(slot, owned)
          : undefined;
    if (change === undefined) return;
    const busy = change
      // The connection is away: it is tried again with the next tick.
      .catch(() => undefined)
      .finally(() => {
        if (slot.busy === busy) delete slot.busy;
      });
    slot.busy = busy;
  }

  private async handOver(slot: Slot, owned: OwnedPartition): Promise<void> {
    await owned.leave();
    delete slot.owned;
    this.membership.free();
  }

  private async claim(slot: Slot, partition: number): Promise<void> {
    const { context, settings, id, runner, subscription } = this.options;
    const subject = context.names.partitionState(settings.name, partition);
    const found = await context.records.get<PartitionRecord>(subject);
    if (found === undefined && !(await this.isKnown())) return;
    const record = found?.value ?? UNTOUCHED;
    if (record.owner !== null && record.owner !== id && !this.isAbandoned(slot, found?.revision ?? 0)) return;
    const isInherited = record.owner !== null;
    const value = { ...(isInherited ? withLostAttempts(record) : record), owner: id };
    const revision = await context.records.put(subject, value, found?.revision ?? 0);
    if (revision === undefined) return;
    delete slot.seen;
    slot.owned = new OwnedPartition(
      { context, settings, subscription: subscription.value, runner, owner: id, partition, isInherited },
      { value, revision },
    );
  }

  /** A removed subscription gets no records any more. */
  private async isKnown(): Promise<boolean> {
    const { records, names } = this.options.context;
    return (await records.get(names.subscription(this.options.settings.name))) !== undefined;
  }

  /** No clock but the own one: the record has not changed for as long as an owner may be silent. */
  private isAbandoned(slot: Slot, revision: number): boolean {
    const now = performance.now();
    if (slot.seen?.revision !== revision) slot.seen = { revision, since: now };
    return now - slot.seen.since >= this.options.settings.ackTimeout;
  }
}
