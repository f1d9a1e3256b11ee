import type { ResultOf } from './command.js';

/** What travels with a message; every handler gets it as its second argument, see {@link HandlerContext}. */
export interface MessageContext {
  /** Id of this message. */
  readonly messageId: string;
  /** Id shared by everything that one outside request has caused. */
  readonly correlationId: string;
  /** Id of the message that caused this one. */
  readonly causationId?: string | undefined;
  readonly tenant?: string | undefined;
  /** W3C `traceparent`. */
  readonly traceparent?: string | undefined;
  /** The same for every repetition of the same intent: the receiver may answer a repetition with the first answer. */
  readonly idempotencyKey?: string | undefined;
  /** Aborted when the caller no longer waits: time-out, cancellation, shutdown. */
  readonly signal: AbortSignal;
  readonly headers: Readonly<Record<string, string>>;
  /** How the transport brought this very message; undefined when it was sent or published on this node. */
  readonly delivery?: MessageDelivery | undefined;
}

/** How a subscription got a message from the transport. */
export interface MessageDelivery {
  readonly subscription: string;
  /** 1 when it is handled for the first time; more after failures, and after the death of a node. */
  readonly attempt: number;
  /** When it was published, by the clock of the broker if it has one. Milliseconds since 1970. */
  readonly publishedAt: number;
  /** Messages with the same key come one after the other. */
  readonly key?: string | undefined;
}

/** What a sender may say about a message. Whatever is left out comes from the context that the message is sent in. */
export interface SendOptions {
  /** Id of this message. Default: a new one. Not carried on, and meant for one message. */
  readonly messageId?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Not carried on to messages that the handler sends: they are other intents. */
  readonly idempotencyKey?: string | undefined;
  readonly correlationId?: string | undefined;
  readonly causationId?: string | undefined;
  readonly tenant?: string | undefined;
  readonly traceparent?: string | undefined;
  /** See {@link MessageContext.delivery}; said by who takes messages from a transport. Not carried on. */
  readonly delivery?: MessageDelivery | undefined;
  /**
   * What request-scoped handlers get as Nest's `REQUEST`, and what they share instances by: give the HTTP request and
   * they work with the same request-scoped providers as the controller. Default: the context of the message itself.
   */
  readonly request?: object | undefined;
}

/**
 * The context as a handler sees it: what came with the message, and the way to send more messages that carry it on
 * (correlation, tenant, trace, headers, abort signal, and this message as their cause).
 *
 * @example
 * ```ts
 * @CommandHandler(PlaceOrder)
 * export class PlaceOrderHandler {
 *   async execute(order: PlaceOrder, context: HandlerContext) {
 *     await context.send(new ReserveStock(order.items));
 *     await context.publish(new OrderPlaced(order.id));
 *   }
 * }
 * ```
 */
export interface HandlerContext extends MessageContext {
  /** Sends a command or query in this context. Allowed also while the application drains. */
  send<M extends object>(message: M, options?: SendOptions): Promise<ResultOf<M>>;
  /** Readable alias of {@link send}. */
  query<M extends object>(query: M, options?: SendOptions): Promise<ResultOf<M>>;
  /** Publishes one or more events in this context. Allowed also while the application drains. */
  publish(events: object | readonly object[], options?: SendOptions): Promise<void>;
  /**
   * The same context with another signal; a behaviour gives it to `next`.
   *
   * @param signal or a function that makes it when somebody asks, once: making one costs 3 µs
   */
  withSignal(signal: AbortSignal | (() => AbortSignal)): HandlerContext;
}
