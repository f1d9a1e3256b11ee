import { assertKnownOptions } from '../foundation/index.js';
import { uuidv7 } from '../ids/index.js';
import type { EventRegistry } from '../event-sourcing/index.js';
import type { MessageContext, Type } from '../messages/index.js';
import type { QoS, Transport, TransportMessage } from '../transport/index.js';
import { eventDelivery } from './delivery/event-delivery.decorator.js';
import { HEADERS, writeHeaders, type TravellingContext } from './message-headers.js';
import { eventSubject } from './message-subjects.js';

/** Options of {@link MessageBus.publish}. What is left out comes from `context`, then from `@EventDelivery`. */
export interface PublishMessageOptions {
  readonly qos?: QoS | undefined;
  /** Events with the same key are handled in this order by each subscription. */
  readonly key?: string | ((event: object) => string | undefined) | undefined;
  /**
   * Id of the message. Give one that stays the same when publishing is repeated: with QoS 2 the second one is not stored
   * again, and the inbox knows it for longer. In a list, `:` and the number of the event is appended. Default: a new
   * UUIDv7.
   */
  readonly id?: string | ((event: object, index: number) => string) | undefined;
  /** The context of the handler that publishes: correlation, tenant, trace and headers go along, and it is the cause. */
  readonly context?: MessageContext | undefined;
  readonly correlationId?: string | undefined;
  readonly tenant?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** Options of {@link MessageBus.address}. */
export interface AddressOptions extends PublishMessageOptions {
  /** What travels with the events, in place of a context. */
  readonly carry?: TravellingContext;
}

/** A message with the quality that it is published with. */
export interface AddressedMessage {
  readonly qos: QoS;
  readonly message: TransportMessage;
}

const KNOWN: readonly (keyof PublishMessageOptions)[] = [
  'qos',
  'key',
  'id',
  'context',
  'correlationId',
  'tenant',
  'headers',
];

/**
 * Publishes events through the transport, to the subscriptions of all nodes (`@Subscribe`), this one included. Inject it
 * by this class. `Mediator.publish` is the other way: to the handlers of this node, now.
 *
 * @example
 * ```ts
 * await this.bus.publish(new OrderPlaced(order.id), { context });
 * ```
 */
export class MessageBus {
  constructor(
    private readonly transport: Transport,
    private readonly registry: EventRegistry,
    private readonly codecName: string,
    private readonly defaultQoS: QoS,
  ) {}

  /**
   * Resolves when the broker has stored them (QoS 1 and 2), or they were handed to the connection (QoS 0).
   *
   * @throws {TransportUnavailableError} the broker is away; some may have been stored
   * @throws {NotAnEventError} {@link UnencodableValueError} {@link MessageTooLargeError} and nothing was sent
   */
  async publish(events: object | readonly object[], options: PublishMessageOptions = {}): Promise<void> {
    assertKnownOptions('MessageBus.publish', options, KNOWN);
    for (const { qos, messages } of inRuns(await this.address(events, options))) {
      await this.transport.publish(messages, { qos });
    }
  }

  /** What {@link publish} would send, in the same order. */
  async address(
    events: object | readonly object[],
    options: AddressOptions = {},
  ): Promise<readonly AddressedMessage[]> {
    const list = Array.isArray(events) ? (events as readonly object[]) : [events as object];
    const addressed: AddressedMessage[] = [];
    const idOf = idsFrom(options.id, list.length);
    for (const [index, event] of list.entries()) {
      addressed.push(await this.addressOne(event, idOf(event, index), options));
    }
    return addressed;
  }

  private async addressOne(event: object, id: string, options: AddressOptions): Promise<AddressedMessage> {
    const { type, version, data } = await this.registry.toWire(event);
    const delivery = eventDelivery(event.constructor as Type);
    const { key = delivery.key, qos = delivery.qos ?? this.defaultQoS } = options;
    const ownKey = typeof key === 'function' ? key(event) : key;
    const headers = writeHeaders(options.carry ?? travelling(options), {
      [HEADERS.type]: type,
      [HEADERS.version]: String(version),
      [HEADERS.codec]: this.codecName,
    });
    const message = {
      id,
      subject: eventSubject(type),
      ...(ownKey === undefined ? {} : { key: ownKey }),
      headers,
      body: data,
    };
    return { qos, message };
  }
}

function idsFrom(id: PublishMessageOptions['id'], count: number): (event: object, index: number) => string {
  if (typeof id === 'function') return id;
  if (id === undefined) return uuidv7;
  return (_event, index) => (count === 1 ? id : `${id}:${index}`);
}

function travelling({ context, correlationId, tenant, headers }: PublishMessageOptions): TravellingContext {
  const correlation = correlationId ?? context?.correlationId;
  const owner = tenant ?? context?.tenant;
  return {
    ...(correlation === undefined ? {} : { correlationId: correlation }),
    ...(context === undefined ? {} : { causationId: context.messageId }),
    ...(owner === undefined ? {} : { tenant: owner }),
    ...(context?.traceparent === undefined ? {} : { traceparent: context.traceparent }),
    headers: { ...context?.headers, ...headers },
  };
}

/** Messages of one quality go together; the order stays. */
export function inRuns(addressed: readonly AddressedMessage[]): { qos: QoS; messages: TransportMessage[] }[] {
  const runs: { qos: QoS; messages: TransportMessage[] }[] = [];
  for (const { qos, message } of addressed) {
    const last = runs.at(-1);
    if (last?.qos === qos) last.messages.push(message);
    else runs.push({ qos, messages: [message] });
  }
  return runs;
}
