import { assertKnownOptions, InvalidOptionError, toMilliseconds, type Duration } from '../foundation/index.js';
import type { Type } from '../messages/index.js';
import type { QoS } from '../transport/index.js';
import { resolveTuning, type SubscriptionTuning } from './delivery/subscription-tuning.js';

/** Options `messaging` of `CatgaModule.forRoot`. */
export interface MessagingOptions {
  /** Quality of events whose class says none with `@EventDelivery`. Default 1. */
  readonly qos?: QoS;
  /** Whether this node works on subscriptions and answers requests. Default true; false for nodes that only send. */
  readonly consume?: boolean;
  /** How long `Mediator.send` waits for the answer of another node. Default `'30s'`. */
  readonly requestTimeout?: Duration;
  /** What QoS 2 remembers. */
  readonly inbox?: InboxOptions;
  /** Overrides what `@Subscribe` says, by the name of the subscription. */
  readonly subscriptions?: Readonly<Record<string, SubscriptionTuning>>;
  /** The outbox: events published after the commit that they belong to. */
  readonly outbox?: OutboxOptions;
}

/** What the inbox of QoS 2 remembers, and for how long. */
export interface InboxOptions {
  /**
   * For how long a handled message is remembered. Longer than any message may wait for its redelivery or replay.
   * Default `'7d'`.
   */
  readonly keepFor?: Duration;
  /** After which silence of its node a message that was begun is given to another one. Default `'30s'`. */
  readonly lease?: Duration;
}

/** How the outbox is emptied. */
export interface OutboxOptions {
  /**
   * Classes of events that are published whenever they are appended to the event log, in the same commit. Default: none;
   * others are published with `Outbox` or `MessageBus`.
   */
  readonly events?: readonly Type<object>[];
  /** Whether this node publishes what is in the outbox. Default true. */
  readonly relay?: boolean;
  /** How many messages are published at once. Default 100. */
  readonly batch?: number;
  /** After which silence of the node that publishes another one takes over. Default `'15s'`. */
  readonly lease?: Duration;
}

/** {@link MessagingOptions} checked, with every default filled in. Times are milliseconds. */
export interface ResolvedMessagingOptions {
  readonly qos: QoS;
  readonly consume: boolean;
  readonly requestTimeout: number;
  readonly inbox: { readonly keepFor: number; readonly lease: number };
  readonly subscriptions: Readonly<Record<string, SubscriptionTuning>>;
  readonly outbox: {
    readonly events: readonly Type<object>[];
    readonly relay: boolean;
    readonly batch: number;
    readonly lease: number;
  };
}

/** @throws {UnknownOptionError} @throws {InvalidOptionError} @throws {InvalidDurationError} */
export function resolveMessagingOptions(options: MessagingOptions = {}): ResolvedMessagingOptions {
  assertKnownOptions('messaging', options, ['qos', 'consume', 'requestTimeout', 'inbox', 'subscriptions', 'outbox']);
  const { qos = 1, consume = true, subscriptions = {} } = options;
  if (qos !== 0 && qos !== 1 && qos !== 2) throw new InvalidOptionError('messaging.qos', qos, '0, 1 or 2');
  assertFlag('messaging.consume', consume);
  for (const [name, tuning] of Object.entries(subscriptions)) resolveTuning(`messaging.subscriptions.${name}`, tuning);
  return {
    qos,
    consume,
    requestTimeout: positive('messaging.requestTimeout', options.requestTimeout ?? '30s'),
    inbox: resolveInbox(options.inbox),
    subscriptions,
    outbox: resolveOutbox(options.outbox),
  };
}

function resolveInbox(options: InboxOptions = {}): ResolvedMessagingOptions['inbox'] {
  assertKnownOptions('messaging.inbox', options, ['keepFor', 'lease']);
  return {
    keepFor: positive('messaging.inbox.keepFor', options.keepFor ?? '7d'),
    lease: positive('messaging.inbox.lease', options.lease ?? '30s'),
  };
}

function resolveOutbox(options: OutboxOptions = {}): ResolvedMessagingOptions['outbox'] {
  assertKnownOptions('messaging.outbox', options, ['events', 'relay', 'batch', 'lease']);
  const { events = [], relay = true, batch = 100 } = options;
  if (!Array.isArray(events) || events.some((event) => typeof event !== 'function')) {
    throw new InvalidOptionError('messaging.outbox.events', events, 'a list of event classes');
  }
  assertFlag('messaging.outbox.relay', relay);
  if (!Number.isSafeInteger(batch) || batch < 1) {
    throw new InvalidOptionError('messaging.outbox.batch', batch, 'a whole number from 1');
  }
  return { events, relay, batch, lease: positive('messaging.outbox.lease', options.lease ?? '15s') };
}

function positive(where: string, value: Duration): number {
  const milliseconds = toMilliseconds(value, where);
  if (milliseconds <= 0) throw new InvalidOptionError(where, value, `a duration longer than 0 such as '30s'`);
  return milliseconds;
}

function assertFlag(where: string, value: unknown): void {
  if (typeof value !== 'boolean') throw new InvalidOptionError(where, value, 'true or false');
}
