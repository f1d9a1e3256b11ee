import { InvalidOptionError, UnknownOptionError } from '../../foundation/index.js';
import type { HandlerEntry } from '../../mediator/index.js';
import { messageIdentity, type Type } from '../../messages/index.js';
import {
  resolveSubscription,
  type QoS,
  type SubscriptionOptions,
  type TransportCapabilities,
} from '../../transport/index.js';
import { eventSubject } from '../message-subjects.js';
import { DuplicateSubscriptionError, MessagingDecoratorError, UnnamedMessageError } from '../messaging.errors.js';
import type { ResolvedMessagingOptions } from '../messaging.options.js';
import { eventDelivery } from './event-delivery.decorator.js';
import { subscribeMetadata } from './subscribe.decorator.js';
import { longestPauses, resolveTuning, type SubscriptionTuning } from './subscription-tuning.js';

/** One subscription of the application, checked. */
export interface SubscriptionPlan {
  readonly options: SubscriptionOptions;
  /** The handler of each class of events. */
  readonly entries: ReadonlyMap<Type, HandlerEntry>;
  readonly maxAttempts: number;
  /** The longest pause after a failed attempt; the shortest is half of it. Milliseconds. */
  readonly longestPause: (attempt: number) => number;
}

/**
 * The subscriptions of all handler classes with `@Subscribe`.
 *
 * @throws {CatgaError} of kind `configuration`: whatever would go wrong later
 */
export function planSubscriptions(
  entries: readonly HandlerEntry[],
  options: ResolvedMessagingOptions,
  capabilities: TransportCapabilities,
): readonly SubscriptionPlan[] {
  const byClass = new Map<Type, HandlerEntry[]>();
  for (const entry of entries) {
    const type = entry.handlerType as Type;
    byClass.set(type, [...(byClass.get(type) ?? []), entry]);
  }
  const plans = [...byClass].map(([type, own]) => plan(type, own, options, capabilities));
  assertNames(plans, options);
  return plans;
}

function plan(
  type: Type,
  entries: readonly HandlerEntry[],
  { qos: defaultQoS, subscriptions }: ResolvedMessagingOptions,
  capabilities: TransportCapabilities,
): SubscriptionPlan {
  const metadata = subscribeMetadata(type);
  if (metadata === undefined) throw new MessagingDecoratorError('Subscribe', type.name, 'its metadata is missing');
  const { name, tuning } = metadata;
  const override = Object.hasOwn(subscriptions, name) ? subscriptions[name] : undefined;
  const types = entries.map(({ messageType }) => messageType);
  if (capabilities.distributed) assertNamed(types, capabilities.name);
  const qos = qualityOf(name, types, { ...tuning, ...override }, defaultQoS);
  const subjects = types.map((event) => eventSubject(messageIdentity(event).name));
  const options = { ...resolveTuning(`subscription "${name}"`, tuning, override), qos, name, subjects };
  // The transport would say the same when the application starts to listen; that is too late.
  const { maxAttempts } = resolveSubscription(options, capabilities);
  const byType = new Map(entries.map((entry) => [entry.messageType, entry]));
  return { options, entries: byType, maxAttempts, longestPause: longestPauses(tuning, override) };
}

/** What was published with QoS 0 never reaches a subscription of QoS 1 or 2, and the other way round. */
function qualityOf(name: string, types: readonly Type[], { qos }: SubscriptionTuning, defaultQoS: QoS): QoS {
  const published = types.map((type) => eventDelivery(type).qos ?? defaultQoS);
  const chosen = qos ?? (Math.max(...published) as QoS);
  const lost = types.filter((_type, index) => (published[index] === 0) !== (chosen === 0));
  if (lost.length === 0) return chosen;
  throw new InvalidOptionError(
    `subscription "${name}".qos`,
    chosen,
    `a quality that fits ${lost.map((type) => type.name).join(', ')}: with QoS 0 on one side and 1 or 2 on the other no message would arrive. See @EventDelivery and messaging.qos`,
  );
}

function assertNamed(types: readonly Type[], transport: string): void {
  const unnamed = types.find((type) => !messageIdentity(type).isExplicit);
  if (unnamed !== undefined) throw new UnnamedMessageError(unnamed.name, transport);
}

function assertNames(plans: readonly SubscriptionPlan[], { subscriptions }: ResolvedMessagingOptions): void {
  const owners = new Map<string, string[]>();
  for (const { options, entries } of plans) {
    const [first] = [...entries.values()];
    owners.set(options.name, [...(owners.get(options.name) ?? []), first?.name ?? '']);
  }
  for (const [name, classes] of owners) if (classes.length > 1) throw new DuplicateSubscriptionError(name, classes);
  const unknown = Object.keys(subscriptions).find((name) => !owners.has(name));
  if (unknown !== undefined) throw new UnknownOptionError('messaging.subscriptions', unknown, [...owners.keys()]);
}
