import type { Subscription } from '@nats-io/transport-node';
import type { NatsLink } from '../../connection/index.js';

/** A member that was not heard of for so many announcements is not counted any more. */
const MISSED = 3;

interface Announcement {
  readonly id: string;
  /** Revision of the subscription that it knows. */
  readonly revision: number;
  readonly says: 'hello' | 'alive' | 'bye' | 'free';
}

/** Who takes part in a subscription, and why one wants to know. */
export interface MembershipOptions {
  readonly link: NatsLink;
  /** Where members talk to each other. */
  readonly subject: string;
  readonly id: string;
  readonly revision: number;
  /** Milliseconds between announcements. */
  readonly interval: number;
  /** Somebody came or went, or left a partition. */
  readonly onChange: () => void;
}

/**
 * The members of a subscription as this one sees them, by announcements that may be late or lost. It only decides who
 * *tries* to own a partition; who does is decided by compare-and-set.
 */
export class Membership {
  private readonly others = new Map<string, { revision: number; heardAt: number }>();
  private subscription: Subscription | undefined;
  private announcedAt = 0;

  constructor(private readonly options: MembershipOptions) {}

  join(): void {
    const { link, subject } = this.options;
    this.subscription = link.connection.subscribe(subject, {
      callback: (error, message) => {
        if (error === null) this.hear(message.json<Announcement>());
      },
    });
    this.say('hello');
  }

  leave(): void {
    this.say('bye');
    if (this.subscription?.isClosed() === false) this.subscription.unsubscribe();
    this.subscription = undefined;
    this.others.clear();
  }

  get hasJoined(): boolean {
    return this.subscription !== undefined;
  }

  /** A partition was given up: whoever waits for it may come. */
  free(): void {
    this.say('free');
  }

  /** Announces itself and forgets the silent ones, when it is time. */
  tick(): void {
    const { interval, onChange } = this.options;
    const now = performance.now();
    if (!this.hasJoined || now - this.announcedAt < interval) return;
    this.say('alive');
    let hasChanged = false;
    for (const [id, { heardAt }] of this.others) {
      if (now - heardAt > interval * MISSED) hasChanged = this.others.delete(id);
    }
    if (hasChanged) onChange();
  }

  /** Whether this member should own a partition: each has an equal share, those with an old revision none. */
  shouldOwn(partition: number): boolean {
    if (!this.hasJoined) return false;
    const { id, revision } = this.options;
    const newest = Math.max(revision, ...[...this.others.values()].map((other) => other.revision));
    if (newest > revision) return false;
    const equals = [...this.others].filter(([, other]) => other.revision === newest).map(([other]) => other);
    const all = [...equals, id].sort();
    return all[partition % all.length] === id;
  }

  private hear({ id, revision, says }: Announcement): void {
    if (id === this.options.id) return;
    const known = this.others.get(id);
    if (says === 'bye') this.others.delete(id);
    else this.others.set(id, { revision, heardAt: performance.now() });
    if (says === 'hello') this.say('alive');
    if (says === 'bye' || says === 'free' || known?.revision !== revision) this.options.onChange();
  }

  private say(says: Announcement['says']): void {
    const { link, subject, id, revision } = this.options;
    this.announcedAt = performance.now();
    if (!link.connected || link.connection.isClosed()) return;
    const announcement: Announcement = { id, revision, says };
    link.connection.publish(subject, JSON.stringify(announcement));
  }
}
