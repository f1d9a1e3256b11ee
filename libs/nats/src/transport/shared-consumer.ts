import type { IncomingMessage, SubscriptionSettings } from '@catga/core';
import type { Msg } from '@nats-io/transport-node';
import { AbortGroup } from './abort-group.js';
import type { TransportContext } from './context.js';
import { parseDelivery } from './delivery.js';
import { decodeMessage, encodeMessage } from './envelope.js';
import { Pull } from './pull.js';
import type { Runner } from './runner.js';
import type { Task } from './task.js';

/** Nothing at all means the same as `+ACK` and is less to send. */
const ACK = '';
const IN_PROGRESS = '+WPI';
const NANOSECONDS = 1_000_000;

/** One durable consumer of a subscription, as one member uses it. */
export interface SharedConsumerOptions {
  readonly context: TransportContext;
  readonly settings: SubscriptionSettings;
  readonly runner: Runner;
  /** Name of the consumer on the server. */
  readonly consumer: string;
  /** Messages that may be held at once: handled, and waiting for a free place. */
  readonly window: () => number;
  /** The server has no such consumer any more. */
  readonly onGone: () => void;
}

/**
 * Messages without a key: members of all nodes pull from one durable consumer, and JetStream gives each message to one
 * of them. As long as a message is held here the server hears of it; a member that falls silent loses what it holds.
 */
export class SharedConsumer {
  readonly signals = new AbortGroup();
  private pulling: Pull | undefined;
  private readonly held = new Set<HeldMessage>();
  /** Acknowledgements that could not be sent because the connection was gone. */
  private readonly unsent: [reply: string, word: string][] = [];
  private readonly unwatch: () => void;
  private isLeaving = false;
  private givingBack: Promise<void>[] = [];

  constructor(readonly options: SharedConsumerOptions) {
    this.unwatch = options.context.link.onEvent((event) => {
      if (event === 'connected') this.reconnected();
    });
  }

  /** Messages whose handlers run here. */
  get holding(): number {
    let count = 0;
    for (const { hasBegun } of this.held) if (hasBegun) count++;
    return count;
  }

  /** Begins to fetch. */
  join(): void {
    const { context, consumer, onGone, window } = this.options;
    this.isLeaving = false;
    this.pulling = new Pull({
      link: context.link,
      stream: context.names.messages,
      consumer,
      room: () => window() - this.held.size,
      onMessage: (message) => this.take(message),
      onGone,
    });
    this.pulling.pull();
  }

  /** Tells the server that what is held here is alive; drops what it must have given to others. */
  beat(): void {
    const { ackTimeout } = this.options.settings;
    const now = performance.now();
    let silent = 0;
    for (const each of this.held) {
      const age = now - each.touchedAt;
      if (age >= ackTimeout) {
        silent++;
        this.lose(each);
      } else if (age > ackTimeout / 5 && this.options.context.link.connected) {
        this.publish(each.reply, IN_PROGRESS);
        each.touchedAt = now;
      }
    }
    if (silent > 0) this.signals.abort(lostError(this.options.settings.name, ackTimeout));
  }

  /** Fetches nothing more and gives back what has not begun; what has is finished. */
  async leave(): Promise<void> {
    this.isLeaving = true;
    await this.pulling?.stop();
    for (const each of this.held) if (!each.hasBegun) this.giveBack(each);
    await Promise.all(this.givingBack.splice(0));
  }

  /** After {@link leave}, when nothing runs any more. */
  end(): void {
    this.unwatch();
    for (const each of this.held) this.settle(each, '-NAK');
  }

  settle(message: HeldMessage, word: string): void {
    if (!this.held.delete(message) && word !== ACK) return;
    if (this.options.context.link.connected) this.publish(message.reply, word);
    else this.unsent.push([message.reply, word]);
    this.pulling?.pull();
  }

  lose(message: HeldMessage): void {
    message.isLost = true;
    this.held.delete(message);
    this.pulling?.pull();
  }

  /** Stays within ack wait: what is older was given to somebody else. */
  isOverdue(message: HeldMessage): boolean {
    return performance.now() - message.touchedAt >= this.options.settings.ackTimeout;
  }

  private take(message: Msg): void {
    const held = new HeldMessage(this, message);
    this.held.add(held);
    if (this.isLeaving) this.giveBack(held);
    else this.options.runner.add(held);
  }

  /**
   * A bare negative acknowledgement would count as an attempt, and members that come and go would use up the attempts of
   * messages that nobody has tried: so a copy goes back instead.
   */
  private giveBack(message: HeldMessage): void {
    message.isLost = true;
    const { context, settings } = this.options;
    const decoded = message.decode();
    const { subject, publishedAt, attempt } = decoded;
    const copy = encodeMessage(decoded, { s: subject, t: publishedAt, a: attempt - 1 });
    const given = context.acks.publish(context.names.again(settings.name), copy).then(
      () => this.settle(message, ACK),
      () => this.settle(message, '-NAK'),
    );
    this.givingBack.push(given);
  }

  private reconnected(): void {
    this.beat();
    for (const [reply, word] of this.unsent.splice(0)) this.publish(reply, word);
  }

  private publish(reply: string, word: string): void {
    try {
      this.options.context.link.connection.publish(reply, word);
    } catch {
      // The connection is closed for good: the message comes again, to whoever is there.
    }
  }
}

class HeldMessage implements Task {
  readonly signals: AbortGroup;
  readonly reply: string;
  /** When the server heard of it last. */
  touchedAt = performance.now();
  hasBegun = false;
  isLost = false;

  constructor(
    private readonly consumer: SharedConsumer,
    private readonly message: Msg,
  ) {
    this.signals = consumer.signals;
    this.reply = message.reply ?? '';
  }

  begin(): IncomingMessage | undefined {
    if (!this.isLost && this.consumer.isOverdue(this)) this.consumer.lose(this);
    if (this.isLost) return undefined;
    this.hasBegun = true;
    return this.decode();
  }

  decode(): IncomingMessage {
    const { names } = this.consumer.options.context;
    const { count, sequence, storedAt } = parseDelivery(this.reply);
    const subject = this.message.subject.slice(names.unkeyedPrefix.length);
    const decoded = decodeMessage(this.message.data, subject, storedAt, `${names.messages}-${sequence}`);
    decoded.attempt += count;
    return decoded;
  }

  done(): void {
    this.consumer.settle(this, ACK);
  }

  again(delay: number): void {
    const wait = delay < 1 ? '-NAK' : `-NAK {"delay": ${Math.round(delay * NANOSECONDS)}}`;
    this.consumer.settle(this, wait);
  }

  buried(): void {
    this.consumer.settle(this, ACK);
  }
}

function lostError(subscription: string, ackTimeout: number): Error {
  return new Error(
    `This member of subscription "${subscription}" was not heard of for ${ackTimeout} ms, so its messages went to others. Raise ackTimeout when the event loop is blocked for that long.`,
  );
}
