import type { SubscriptionSettings } from '@catga/core';
import type { NatsLink } from '../connection/index.js';
import { AbortGroup } from './abort-group.js';

/** Nothing at all means the same as `+ACK` and is less to send. */
export const ACK = '';
/** Somebody else shall have it. */
export const NAK = '-NAK';
const IN_PROGRESS = '+WPI';

/** Something that the server has delivered and waits to hear of. */
export interface HeldDelivery {
  /** Subject for what is to be said of it. */
  readonly reply: string;
  /** When the server heard of it last. `performance.now()`. */
  touchedAt: number;
  /** Somebody else has it, or will. */
  isLost: boolean;
}

/**
 * What one member holds of one durable consumer. As long as it is held the server hears of it; a member that falls silent
 * loses it.
 */
export class HeldDeliveries<T extends HeldDelivery> {
  readonly signals = new AbortGroup();
  private readonly held = new Set<T>();
  /** What could not be said because the connection was gone. */
  private readonly unsent: [reply: string, word: string][] = [];
  private readonly unwatch: () => void;

  constructor(
    private readonly link: NatsLink,
    private readonly settings: SubscriptionSettings,
    /** Others have it, or will. */
    private readonly onLost: (delivery: T) => void = () => undefined,
  ) {
    this.unwatch = link.onEvent((event) => {
      if (event === 'connected') this.reconnected();
    });
  }

  get size(): number {
    return this.held.size;
  }

  /** Those that are held now; it may be changed while one goes through them. */
  all(): readonly T[] {
    return [...this.held];
  }

  add(delivery: T): void {
    this.held.add(delivery);
  }

  /** Says what became of it. */
  settle(delivery: T, word: string): void {
    if (!this.held.delete(delivery) && word !== ACK) return;
    if (this.link.connected) this.publish(delivery.reply, word);
    else this.unsent.push([delivery.reply, word]);
  }

  /** The server has given it to somebody else. */
  lose(delivery: T): void {
    if (!this.held.delete(delivery)) return;
    delivery.isLost = true;
    this.onLost(delivery);
  }

  /** Somebody else shall have it, now or when the word says. */
  reject(delivery: T, word = NAK): void {
    if (!this.held.has(delivery)) return;
    delivery.isLost = true;
    this.settle(delivery, word);
    this.onLost(delivery);
  }

  /** Past ack wait: it was given to somebody else. */
  isOverdue(delivery: T): boolean {
    return performance.now() - delivery.touchedAt >= this.settings.ackTimeout;
  }

  /** Tells the server that what is held here is alive; drops what it must have given to others. */
  beat(): void {
    const { ackTimeout, name } = this.settings;
    const now = performance.now();
    let silent = 0;
    for (const each of this.held) {
      const age = now - each.touchedAt;
      if (age >= ackTimeout) {
        silent++;
        this.lose(each);
      } else if (age > ackTimeout / 5 && this.link.connected) {
        this.publish(each.reply, IN_PROGRESS);
        each.touchedAt = now;
      }
    }
    if (silent > 0) this.signals.abort(lostError(name, ackTimeout));
  }

  /** Gives back what is still held. */
  end(): void {
    this.unwatch();
    for (const each of this.held) this.reject(each);
  }

  private reconnected(): void {
    this.beat();
    for (const [reply, word] of this.unsent.splice(0)) this.publish(reply, word);
  }

  private publish(reply: string, word: string): void {
    try {
      this.link.connection.publish(reply, word);
    } catch {
      // The connection is closed for good: it comes again, to whoever is there.
    }
  }
}

function lostError(subscription: string, ackTimeout: number): Error {
  return new Error(
    `This member of subscription "${subscription}" was not heard of for ${ackTimeout} ms, so its messages went to others. Raise ackTimeout when the event loop is blocked for that long.`,
  );
}
