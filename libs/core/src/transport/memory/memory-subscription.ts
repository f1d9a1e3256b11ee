import { Fifo } from '../../foundation/index.js';
import { isUnprocessable } from '../handler-error.js';
import type { SubscriptionSettings } from '../subscription-settings.js';
import type { KeptMessage } from './memory-message.js';

// Taken once: fake timers of a test must not stop messages that are no concern of the test.
const { setImmediate, setTimeout, clearTimeout } = globalThis;

/** One node's part in the subscription, as the subscription sees it. */
export interface Member {
  readonly hasRoom: boolean;
  handle(delivery: Delivery): void;
  /** The subscription is gone. */
  end(): void;
}

/** One message in one subscription. */
export interface Delivery {
  readonly message: KeptMessage;
  /** How often it was begun. */
  attempt: number;
  /** Who handles it now; a result of anybody else comes too late and counts for nothing. */
  owner: Member | undefined;
}

/** What has become of a delivery that failed. */
export type Fate = 'again' | 'dead' | 'lost';

/**
 * The messages of one subscription and the members that share them.
 *
 * Messages of one key form a lane: only its first message is ever ready, and the next one only when that one is handled
 * or a dead letter. So they stay in order however often one is tried again and however many members there are, and a
 * lane that waits for a back-off stops nobody else.
 */
export class MemorySubscription {
  private readonly members: Member[] = [];
  private readonly ready = new Fifo<Delivery>();
  private readonly lanes = new Map<string, Fifo<Delivery>>();
  private readonly backoffs = new Set<NodeJS.Timeout>();
  private isScheduled = false;
  private isForgotten = false;
  private next = 0;
  private kept = 0;
  private begun = 0;

  /** @param bury keeps a dead letter */
  constructor(
    public settings: SubscriptionSettings,
    private readonly bury: (message: KeptMessage, error: unknown, attempts: number) => void,
  ) {}

  /** Messages that are neither handled nor dead. */
  get size(): number {
    return this.kept;
  }

  /** Of these, the ones that no member handles now. */
  get waiting(): number {
    return this.kept - this.begun;
  }

  get hasMembers(): boolean {
    return this.members.length > 0;
  }

  add(message: KeptMessage): void {
    this.kept++;
    const delivery: Delivery = { message, attempt: 0, owner: undefined };
    const { key } = message;
    const lane = key === undefined ? undefined : this.lanes.get(key);
    if (lane !== undefined) {
      lane.push(delivery);
      return;
    }
    if (key !== undefined) {
      const first = new Fifo<Delivery>();
      first.push(delivery);
      this.lanes.set(key, first);
    }
    this.ready.push(delivery);
    this.schedule();
  }

  join(member: Member): void {
    this.members.push(member);
    this.schedule();
  }

  leave(member: Member): void {
    const at = this.members.indexOf(member);
    if (at >= 0) this.members.splice(at, 1);
  }

  /** Looks for something to do in the next turn of the event loop. */
  schedule(): void {
    if (this.isScheduled || this.ready.size === 0) return;
    this.isScheduled = true;
    setImmediate(() => {
      this.isScheduled = false;
      this.handOut();
    });
  }

  /** The message was handled, or will not be. */
  done(delivery: Delivery): void {
    this.end(delivery);
    if (this.isForgotten) return;
    this.kept--;
    const { key } = delivery.message;
    if (key !== undefined) this.advance(key);
    this.schedule();
  }

  /** The handler threw: again later, or never. */
  failed(delivery: Delivery, error: unknown): Fate {
    if (this.settings.qos === 0) {
      this.done(delivery);
      return 'lost';
    }
    if (isUnprocessable(error) || delivery.attempt >= this.settings.maxAttempts) {
      if (!this.isForgotten) this.bury(delivery.message, error, delivery.attempt);
      this.done(delivery);
      return 'dead';
    }
    this.end(delivery);
    this.later(delivery, this.settings.backoff(delivery.attempt));
    return 'again';
  }

  /** The member cannot say any more what became of the message: somebody else handles it, before all others. */
  giveBack(delivery: Delivery): void {
    if (this.settings.qos === 0) {
      this.done(delivery);
      return;
    }
    this.end(delivery);
    if (this.isForgotten) return;
    this.ready.unshift(delivery);
    this.schedule();
  }

  /** Drops everything that waits. */
  forget(): void {
    this.isForgotten = true;
    for (const timer of this.backoffs) clearTimeout(timer);
    this.ready.clear();
    this.lanes.clear();
    this.kept = this.begun;
    for (const member of [...this.members]) member.end();
  }

  private handOut(): void {
    for (;;) {
      const member = this.ready.size === 0 ? undefined : this.freeMember();
      const delivery = member === undefined ? undefined : this.ready.shift();
      if (member === undefined || delivery === undefined) return;
      this.begun++;
      delivery.attempt++;
      delivery.owner = member;
      member.handle(delivery);
    }
  }

  /** Members take turns. */
  private freeMember(): Member | undefined {
    for (let tried = 0; tried < this.members.length; tried++) {
      this.next = (this.next + 1) % this.members.length;
      const member = this.members[this.next];
      if (member?.hasRoom === true) return member;
    }
    return undefined;
  }

  private end(delivery: Delivery): void {
    delivery.owner = undefined;
    this.begun--;
  }

  /** The next message of a key may go. */
  private advance(key: string): void {
    const lane = this.lanes.get(key);
    lane?.shift();
    const next = lane?.peek();
    if (next === undefined) this.lanes.delete(key);
    else this.ready.push(next);
  }

  private later(delivery: Delivery, delay: number): void {
    if (this.isForgotten) return;
    const timer = setTimeout(() => {
      this.backoffs.delete(timer);
      this.ready.push(delivery);
      this.schedule();
    }, delay);
    // Messages in memory are no reason to keep a program alive that has nothing else to do.
    timer.unref();
    this.backoffs.add(timer);
  }
}
