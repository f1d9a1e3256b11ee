import { assertKnownOptions } from '../../foundation/index.js';
import type { Type } from '../../messages/index.js';
import type { QoS } from '../../transport/index.js';

/** How events of a class travel. */
export interface EventDeliveryOptions<E extends object = object> {
  /** Default: `messaging.qos`. */
  readonly qos?: QoS;
  /** Events with the same key are handled in the order in which they were published. Default: in any order. */
  readonly key?: (event: E) => string | undefined;
}

const DELIVERY = Symbol.for('catga:event-delivery');

/**
 * Says how events of a class travel when they are published with `MessageBus`. It belongs to the class because one
 * quality should hold for all of its events: a subscription of QoS 1 or 2 never gets what was published with QoS 0.
 *
 * @throws {UnknownOptionError} at load
 * @example
 * ```ts
 * @Event('billing.invoice-paid')
 * @EventDelivery<InvoicePaid>({ qos: 2, key: (event) => event.invoiceId })
 * export class InvoicePaid { constructor(readonly invoiceId: string) {} }
 * ```
 */
export function EventDelivery<E extends object = object>(options: EventDeliveryOptions<E>): ClassDecorator {
  return (target) => {
    assertKnownOptions(`@EventDelivery of ${target.name}`, options, ['qos', 'key']);
    Object.defineProperty(target, DELIVERY, { value: options });
  };
}

/** What the class itself says; nothing when it says nothing. */
export function eventDelivery(type: Type): EventDeliveryOptions {
  return (Object.getOwnPropertyDescriptor(type, DELIVERY)?.value ?? {}) as EventDeliveryOptions;
}
