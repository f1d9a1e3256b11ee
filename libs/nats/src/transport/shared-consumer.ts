import type { IncomingMessage } from '@catga/core';
import type { Msg } from '@nats-io/transport-node';
import type { AbortGroup } from './abort-group.js';
import { publishAgain } from './again.js';
import { parseDelivery } from './delivery.js';
import { AGAIN } from './durable-consumers.js';
import type { DurableSource, DurableSourceOptions } from './durable-source.js';
import { decodeMessage, splitEnvelope } from './envelope.js';
import { ACK, HeldDeliveries, NAK, type HeldDelivery } from './held-deliveries.js';
import { Pull } from './pull.js';
import type { Task } from './task.js';

const NANOSECONDS = 1_000_000;

/**
 * Messages without a key: members of all nodes pull from one durable consumer, and JetStream gives each message to one
 * of them.
 */
export class SharedConsumer implements DurableSource {
  readonly messagesEach = 1;
  readonly held: HeldDeliveries<HeldMessage>;
  private pulling: Pull | undefined;
  private isLeaving = false;
  private givingBack: Promise<void>[] = [];

  constructor(readonly options: DurableSourceOptions) {
    this.held = new HeldDeliveries(options.context.link, options.settings);
  }

  get inHand(): number {
    let count = 0;
    for (const { hasBegun } of this.held.all()) if (hasBegun) count++;
    return count;
  }

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

  pull(): void {
    this.pulling?.pull();
  }

  beat(): void {
    this.held.beat();
    this.pull();
  }

  async leave(): Promise<void> {
    this.isLeaving = true;
    await this.pulling?.stop();
    for (const each of this.held.all()) if (!each.hasBegun && !each.isLost) this.giveBack(each);
    await this.given();
  }

  async given(): Promise<void> {
    await Promise.all(this.givingBack.splice(0));
  }

  abort(reason: Error): void {
    this.held.signals.abort(reason);
    this.end();
  }

  end(): void {
    this.held.end();
  }

  settle(message: HeldMessage, word: string): void {
    this.held.settle(message, word);
    this.options.onRoom();
  }

  lose(message: HeldMessage): void {
    this.held.lose(message);
    this.options.onRoom();
  }

  private take(message: Msg): void {
    const held = new HeldMessage(this, message);
    this.held.add(held);
    const pause = held.pause();
    // Its failure was elsewhere, in the middle of a pack; from here on the server waits.
    if (pause > 0) held.again(pause);
    else if (this.isLeaving) this.giveBack(held);
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
    const given = publishAgain(context, settings.name, decoded, { a: decoded.attempt - 1 }).then(
      () => this.settle(message, ACK),
      () => this.settle(message, NAK),
    );
    this.givingBack.push(given);
  }
}

class HeldMessage implements Task, HeldDelivery {
  readonly reply: string;
  touchedAt = performance.now();
  hasBegun = false;
  isLost = false;

  constructor(
    private readonly consumer: SharedConsumer,
    private readonly message: Msg,
  ) {
    this.reply = message.reply ?? '';
  }

  get signals(): AbortGroup {
    return this.consumer.held.signals;
  }

  /** Milliseconds that a copy of what failed has to wait yet. */
  pause(): number {
    if (this.consumer.options.subject !== AGAIN || parseDelivery(this.reply).count > 1) return 0;
    return splitEnvelope(this.message.data)?.n ?? 0;
  }

  begin(): IncomingMessage | undefined {
    if (!this.isLost && this.consumer.held.isOverdue(this)) this.consumer.lose(this);
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
    const wait = delay < 1 ? NAK : `${NAK} {"delay": ${Math.round(delay * NANOSECONDS)}}`;
    this.consumer.settle(this, wait);
  }

  buried(): void {
    this.consumer.settle(this, ACK);
  }
}
