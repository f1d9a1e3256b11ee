import { BaseRpcContext, type PacketMetadata } from '@nestjs/microservices';
import type { MessageDelivery } from '../messages/index.js';
import type { IncomingMessage } from '../transport/index.js';
import { readMetadata } from './packet-headers.js';

/** What a context is made of. Requests have no delivery. */
export type CatgaContextArgs = [
  message: IncomingMessage,
  pattern: string,
  signal: AbortSignal,
  delivery?: MessageDelivery,
];

/**
 * What `@Ctx()` gives a method with `@EventPattern` or `@MessagePattern`: everything about the message except its data.
 *
 * @example
 * ```ts
 * @EventPattern<string>('order-placed')
 * async bill(@Payload() order: Order, @Ctx() context: CatgaContext) {
 *   await this.invoices.create(order, { idempotencyKey: context.getMessageId(), signal: context.getSignal() });
 * }
 * ```
 */
export class CatgaContext extends BaseRpcContext<CatgaContextArgs> {
  /** How an event came; undefined for requests. What `Inbox.entry` wants to know. */
  get delivery(): MessageDelivery | undefined {
    return this.args[3];
  }

  /** The message as the transport brought it, its body not decoded. */
  getMessage(): IncomingMessage {
    return this.args[0];
  }

  /** The pattern of the decorator; objects as Nest writes them: `{"cmd":"sum"}`. */
  getPattern(): string {
    return this.args[1];
  }

  /** Aborted when nobody needs the result: the message went to another node, the caller gave up, a shutdown took too long. */
  getSignal(): AbortSignal {
    return this.args[2];
  }

  /** Chosen by the sender; the same in every attempt. The key for making an effect once. */
  getMessageId(): string {
    return this.args[0].id;
  }

  /** Where the message went: the pattern, escaped, with `event.` or `rpc.` before it. */
  getSubject(): string {
    return this.args[0].subject;
  }

  /** 1 for the first. */
  getAttempt(): number {
    return this.args[0].attempt;
  }

  /** Text beside the data. Names are lower case. */
  getHeaders(): Readonly<Record<string, string>> {
    return this.args[0].headers;
  }

  /** Messages with the same key are handled in order. */
  getKey(): string | undefined {
    return this.args[0].key;
  }

  /** Milliseconds since 1970. */
  getPublishedAt(): number {
    return this.args[0].publishedAt;
  }

  /** What `ClientProxy.setOnDispatchHook` of the sender attached. */
  getMetadata(): PacketMetadata {
    return readMetadata(this.args[0].headers);
  }
}
