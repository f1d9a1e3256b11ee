import { assertKnownOptions, InvalidOptionError, systemClock, toMilliseconds } from '../../foundation/index.js';
import type { Clock, Duration } from '../../foundation/index.js';
import type { MessageDeadLetters } from '../dead-letters.js';
import type { MessageHandler } from '../subscription.js';
import type { SubscriptionSettings } from '../subscription-settings.js';
import { TransportUnavailableError } from '../transport.errors.js';
import type { QoS, TransportMessage } from '../transport-message.js';
import { Deduplication } from './deduplication.js';
import { MemoryConsumer } from './memory-consumer.js';
import { MemoryDeadLetters } from './memory-dead-letters.js';
import { keep, type KeptMessage } from './memory-message.js';
import type { MemoryResponder } from './memory-responder.js';
import { MemorySubscription } from './memory-subscription.js';
import { RetainedMessages } from './retained-messages.js';

/** Options of {@link MemoryBroker}. */
export interface MemoryBrokerOptions {
  /** For how long a message published twice with QoS 2 is recognised. Default `'2m'`. */
  readonly deduplicationWindow?: Duration;
  /** Most messages that one subscription keeps; publishing more is refused. Default 100,000. */
  readonly capacity?: number;
  /** Bytes of the newest messages kept for subscriptions with `startFrom: 'oldest'`. Default 16 MiB; 0: none. */
  readonly retain?: number;
  /** Default: the machine's clocks. */
  readonly clock?: Clock;
}

/**
 * The broker that memory transports share: what they publish waits here. It lives as long as the object does and keeps
 * nothing beyond that.
 *
 * @example Two nodes in one test
 * ```ts
 * const broker = new MemoryBroker();
 * const one = new MemoryTransport({ broker });
 * const two = new MemoryTransport({ broker });
 * ```
 */
export class MemoryBroker {
  /** Milliseconds. */
  readonly deduplicationWindow: number;
  readonly deadLetters: MessageDeadLetters;
  private readonly letters: MemoryDeadLetters;
  private readonly clock: Clock;
  private readonly capacity: number;
  private readonly seen: Deduplication;
  private readonly retained: RetainedMessages;
  private readonly durable = new Map<string, MemorySubscription>();
  /** Those of QoS 0, which last as long as they have members. */
  private readonly fleeting = new Map<string, MemorySubscription>();
  private readonly responders = new Map<string, MemoryResponder[]>();

  /** @throws {UnknownOptionError} @throws {InvalidOptionError} */
  constructor(options: MemoryBrokerOptions = {}) {
    assertKnownOptions('MemoryBroker', options, ['deduplicationWindow', 'capacity', 'retain', 'clock']);
    this.clock = options.clock ?? systemClock;
    this.capacity = wholeNumber('capacity', options.capacity ?? 100_000, 1);
    this.deduplicationWindow = toMilliseconds(options.deduplicationWindow ?? '2m', 'MemoryBroker.deduplicationWindow');
    this.seen = new Deduplication(this.deduplicationWindow, () => this.clock.monotonic());
    this.retained = new RetainedMessages(wholeNumber('retain', options.retain ?? 16 * 1_024 * 1_024, 0));
    const give = (name: string, message: KeptMessage): boolean => {
      const subscription = this.durable.get(name);
      subscription?.add(message);
      return subscription !== undefined;
    };
    this.letters = new MemoryDeadLetters(() => this.clock.now(), give);
    this.deadLetters = this.letters;
  }

  now(): number {
    return this.clock.now();
  }

  /**
   * All of them, or none.
   *
   * @throws {TransportUnavailableError} a subscription is full
   */
  publish(messages: readonly TransportMessage[], qos: QoS): void {
    const fresh = qos === 2 ? this.withoutDuplicates(messages) : messages;
    const now = this.clock.now();
    const kept = fresh.map((message) => keep(message, now));
    const subscriptions = [...(qos === 0 ? this.fleeting : this.durable).values()];
    if (qos === 0) {
      this.offer(kept, subscriptions);
      return;
    }
    for (const subscription of subscriptions) this.assertRoom(subscription, kept);
    for (const message of kept) {
      if (qos === 2) this.seen.remember(message.subject, message.id);
      this.retained.add(message);
      for (const subscription of subscriptions) if (isFor(subscription, message)) subscription.add(message);
    }
  }

  subscribe(
    settings: SubscriptionSettings,
    handler: MessageHandler,
    left: (consumer: MemoryConsumer) => void,
  ): MemoryConsumer {
    const subscription = this.subscription(settings);
    const consumer: MemoryConsumer = new MemoryConsumer(subscription, settings, handler, (leaver) => {
      if (settings.qos === 0 && !subscription.hasMembers) this.fleeting.delete(settings.name);
      left(leaver);
    });
    subscription.join(consumer);
    return consumer;
  }

  removeSubscription(name: string): void {
    const subscription = this.durable.get(name);
    this.durable.delete(name);
    subscription?.forget();
  }

  addResponder(responder: MemoryResponder): void {
    const others = this.responders.get(responder.subject) ?? [];
    this.responders.set(responder.subject, [...others, responder]);
  }

  removeResponder(responder: MemoryResponder): void {
    const others = (this.responders.get(responder.subject) ?? []).filter((one) => one !== responder);
    if (others.length === 0) this.responders.delete(responder.subject);
    else this.responders.set(responder.subject, others);
  }

  /** The next one in turn. */
  nextResponder(subject: string): MemoryResponder | undefined {
    const all = this.responders.get(subject);
    const [first, ...others] = all ?? [];
    if (first !== undefined) this.responders.set(subject, [...others, first]);
    return first;
  }

  private subscription(settings: SubscriptionSettings): MemorySubscription {
    const group = settings.qos === 0 ? this.fleeting : this.durable;
    const known = group.get(settings.name);
    if (known !== undefined) {
      known.settings = settings;
      return known;
    }
    const made = new MemorySubscription(settings, (message, error, attempts) =>
      this.letters.add(settings.name, message, error, attempts),
    );
    group.set(settings.name, made);
    if (settings.qos > 0 && settings.startFrom === 'oldest') {
      for (const message of this.retained.of(settings.subjects)) made.add(message);
    }
    return made;
  }

  private withoutDuplicates(messages: readonly TransportMessage[]): TransportMessage[] {
    const here = new Set<string>();
    return messages.filter(({ subject, id }) => {
      const key = `${subject}\n${id}`;
      if (here.has(key) || this.seen.has(subject, id)) return false;
      here.add(key);
      return true;
    });
  }

  /** QoS 0: whoever has no room loses it. */
  private offer(messages: readonly KeptMessage[], subscriptions: readonly MemorySubscription[]): void {
    for (const message of messages) {
      for (const subscription of subscriptions) {
        if (isFor(subscription, message) && subscription.size < this.capacity) subscription.add(message);
      }
    }
  }

  private assertRoom(subscription: MemorySubscription, messages: readonly KeptMessage[]): void {
    const more = messages.filter((message) => isFor(subscription, message)).length;
    if (more === 0 || subscription.size + more <= this.capacity) return;
    throw new TransportUnavailableError(
      'full',
      `Subscription "${subscription.settings.name}" holds ${subscription.size} messages and has no room for ${more} more (MemoryBroker capacity ${this.capacity}). Nothing was published: try again when its members have caught up, or remove the subscription if nobody needs it.`,
      { details: { subscription: subscription.settings.name, size: subscription.size, capacity: this.capacity } },
    );
  }
}

const isFor = ({ settings }: MemorySubscription, { subject }: KeptMessage): boolean =>
  settings.subjects.includes(subject);

function wholeNumber(name: string, value: number, least: number): number {
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new InvalidOptionError(`MemoryBroker.${name}`, value, `a whole number from ${least}`);
}
