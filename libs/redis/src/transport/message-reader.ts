import type { SubscriptionSettings } from '@catga/core';
import { LOOSE, toDelivery, type Entry, type Source } from './delivery.js';
import type { HandlerRuns } from './handler-runs.js';
import type { Link } from './link.js';
import type { Membership } from './membership.js';
import { SCRIPTS } from './scripts/index.js';

/** What the consumer does about what the reader finds. */
export interface ReaderEvents {
  /** The member was taken for dead. */
  expired(): void;
  /** There may be something to begin. */
  fetched(): void;
}

/** Fetches for a member when it has room: one call at a time, and none while it sleeps until it is woken. */
export class MessageReader {
  /** Set by the consumer whenever the member begins a new life. */
  membership!: Membership;
  private fetching: Promise<void> | undefined;
  private isAsleep = false;
  private hasToRecover = false;
  private turn = 0;
  private looks = 0;

  constructor(
    private readonly link: Link,
    private readonly settings: SubscriptionSettings,
    private readonly runs: HandlerRuns,
    private readonly events: ReaderEvents,
  ) {}

  /** Something may have come. */
  look(): void {
    this.looks++;
    this.isAsleep = false;
    this.events.fetched();
  }

  /** Answers may have been lost with the connection before. */
  reconnected(): void {
    this.mustRecover();
    this.isAsleep = false;
  }

  /** This member may hold messages that it does not know of. */
  mustRecover(): void {
    this.hasToRecover = true;
  }

  /** A new life holds nothing. */
  reset(): void {
    this.hasToRecover = false;
    this.isAsleep = false;
  }

  /** Waits for the call under way. */
  async idle(): Promise<void> {
    await this.fetching;
  }

  /** Fetches if there is room for enough; many small reads cost more than few large ones. */
  fetchSome(): void {
    if (this.fetching !== undefined || this.isAsleep || !this.link.isReady) return;
    const { room, lanes, pace } = this.runs;
    if (room <= 0 || lanes.ahead > pace.ahead / 2) return;
    this.fetching = this.fetch(room)
      .catch(() => this.failed())
      .then(() => {
        this.fetching = undefined;
        this.events.fetched();
      });
  }

  /** The next look, or the next connection, tries again: never at once, or a lasting failure would be a busy loop. */
  private failed(): void {
    this.hasToRecover = true;
    this.isAsleep = true;
  }

  private async fetch(room: number): Promise<void> {
    const { membership } = this;
    // What was handled is deleted before the partitions are read, or it would come once more.
    membership.settlements.flush();
    if (this.hasToRecover) {
      this.hasToRecover = false;
      await membership.recover([...this.runs.loose(), ...membership.settlements.unsaid]);
    }
    const sources = this.sources();
    const { looks } = this;
    const args = [this.settings.name, membership.id, room, ...sources.flat()];
    const [status, ...found] = (await this.link.run(SCRIPTS.fetch, args)) as [Buffer, ...unknown[]];
    if (membership !== this.membership) return;
    if (status.toString() !== 'ok') {
      this.isAsleep = true;
      this.events.expired();
      return;
    }
    const count = this.take(found, new Map(sources));
    // Who wakes it may be quicker than the answer that sends it to sleep.
    if (count < room && looks === this.looks) this.isAsleep = true;
  }

  /** Every source is the first in its turn, so that a busy one does not starve the others. */
  private sources(): [Source, string][] {
    const all: [Source, string][] = [[LOOSE, '']];
    if (this.runs.lanes.behind < this.runs.pace.behind) {
      for (const [source, { cursor }] of this.membership.readable()) all.push([source, cursor === '' ? '0-0' : cursor]);
    }
    const first = this.turn++ % all.length;
    return [...all.slice(first), ...all.slice(0, first)];
  }

  private take(found: unknown[], asked: Map<Source, string>): number {
    let count = 0;
    for (let i = 0; i + 2 < found.length; i += 3) {
      const source = String(found[i]);
      const [entries, tracked] = [found[i + 1] as Entry[], found[i + 2] as Buffer[]];
      count += entries.length;
      const partition = this.membership.partitions.get(source);
      if (source !== LOOSE) {
        // Meanwhile given away, or to be read from its beginning: what was read before that does not count.
        if (partition === undefined || partition.isLeaving || (partition.cursor || '0-0') !== asked.get(source))
          continue;
        partition.cursor = entries.at(-1)![0].toString();
      }
      for (const [index, entry] of entries.entries()) {
        const delivery = toDelivery(source, entry, tracked[index]?.toString() ?? '', partition?.suspect ?? '');
        this.runs.pace.weighed(delivery.size);
        this.runs.lanes.add(delivery);
      }
    }
    return count;
  }
}
