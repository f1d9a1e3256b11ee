import { markSubscriber } from '../../mediator/index.js';
import type { Type } from '../../messages/index.js';
import { assertSubscriptionName } from '../../transport/index.js';
import { resolveTuning, type SubscriptionTuning } from './subscription-tuning.js';

/** What `@Subscribe` says. */
export interface SubscribeMetadata {
  readonly name: string;
  readonly tuning: SubscriptionTuning;
}

const SUBSCRIBE = Symbol.for('catga:subscribe');

/**
 * Gives an event handler class its events through the transport: a subscription of this name collects them, also while no
 * node is there, and the nodes of the application share them. `Mediator.publish` does not reach the class any more;
 * `MessageBus.publish` does, from any node. Behaviours, scopes and the context work as for every handler.
 *
 * A handler that throws gets the event again after a back-off, until it is a dead letter; a business refusal
 * (`DomainError`, `NonRetriableError`, an `HttpException` below 500) makes it one at once.
 *
 * @param name of the subscription: letters, digits, `_` and `-`. Keep it: another name is another subscription.
 * @throws {InvalidSubjectError} @throws {UnknownOptionError} @throws {InvalidOptionError} at load
 * @example
 * ```ts
 * @Subscribe('billing', { qos: 2, concurrency: 8 })
 * @EventHandler(OrderPlaced)
 * export class BillOrder {
 *   async handle(event: OrderPlaced, context: HandlerContext) { … }
 * }
 * ```
 */
export function Subscribe(name: string, tuning: SubscriptionTuning = {}): ClassDecorator {
  return (target) => {
    assertSubscriptionName(name);
    resolveTuning(`@Subscribe('${name}') of ${target.name}`, tuning);
    const metadata: SubscribeMetadata = { name, tuning };
    Object.defineProperty(target, SUBSCRIBE, { value: metadata });
    markSubscriber(target);
  };
}

/** What the class itself says; undefined when it is no subscriber. */
export function subscribeMetadata(type: Type): SubscribeMetadata | undefined {
  return Object.getOwnPropertyDescriptor(type, SUBSCRIBE)?.value as SubscribeMetadata | undefined;
}
