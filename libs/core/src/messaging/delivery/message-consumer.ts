import { HttpException } from '@nestjs/common';
import { DomainError, isCatgaError, NonRetriableError } from '../../foundation/index.js';
import type { EventRegistry } from '../../event-sourcing/index.js';
import type { HandlerEntry, MediatorEngine } from '../../mediator/index.js';
import type { MessageDelivery, Type } from '../../messages/index.js';
import { UnprocessableMessageError, type IncomingMessage, type SubscriptionOptions } from '../../transport/index.js';
import type { Inbox } from '../inbox/inbox.js';
import { HEADERS, readHeaders } from '../message-headers.js';

/** What a consumer is made of. */
export interface MessageConsumerParts {
  readonly engine: Pick<MediatorEngine, 'deliver'>;
  readonly registry: EventRegistry;
  readonly inbox: Inbox;
  readonly codecName: string;
}

/** Brings the messages of one subscription to the methods of its handler class. */
export class MessageConsumer {
  constructor(
    private readonly parts: MessageConsumerParts,
    readonly options: SubscriptionOptions,
    private readonly entries: ReadonlyMap<Type, HandlerEntry>,
  ) {}

  /** @throws {UnprocessableMessageError} trying again is no use */
  async handle(message: IncomingMessage, signal: AbortSignal): Promise<void> {
    const { engine, inbox } = this.parts;
    const event = await this.read(message);
    const entry = this.entryOf(event, message);
    const { id, attempt, publishedAt, key } = message;
    const delivery: MessageDelivery = { subscription: this.options.name, attempt, publishedAt, key };
    const run = (): Promise<unknown> =>
      engine.deliver(entry, event, { ...readHeaders(message.headers), messageId: id, signal, delivery });
    try {
      if (this.options.qos === 2) await inbox.once(id, delivery, run);
      else await run();
    } catch (error) {
      throw isFinal(error) ? new UnprocessableMessageError(textOf(error), { cause: error }) : error;
    }
  }

  private async read(message: IncomingMessage): Promise<object> {
    const { headers, body, publishedAt } = message;
    const { [HEADERS.type]: type, [HEADERS.version]: version = '1', [HEADERS.codec]: codec } = headers;
    if (type === undefined) throw unreadable(message, `it has no header ${HEADERS.type}`);
    const { codecName } = this.parts;
    if (codec !== undefined && codec !== codecName) {
      throw unreadable(message, `it was written with codec "${codec}", this application reads "${codecName}"`);
    }
    try {
      return await this.parts.registry.fromWire({ type, version: Number(version), data: body }, publishedAt);
    } catch (cause) {
      // Keys of personal data may be away for a while; what is wrong with the message itself stays wrong.
      if (isCatgaError(cause) && cause.kind === 'infrastructure') throw cause;
      throw unreadable(message, textOf(cause), cause);
    }
  }

  private entryOf(event: object, message: IncomingMessage): HandlerEntry {
    const entry = this.entries.get(event.constructor as Type);
    if (entry !== undefined) return entry;
    throw unreadable(message, `subscription "${this.options.name}" has no handler for ${event.constructor.name}`);
  }
}

function unreadable(message: IncomingMessage, reason: string, cause?: unknown): UnprocessableMessageError {
  const text = `Message ${message.id} for "${message.subject}" cannot be handled: ${reason}`;
  return new UnprocessableMessageError(text, {
    ...(cause === undefined ? {} : { cause }),
    details: { messageId: message.id, subject: message.subject },
  });
}

/** The same message gets the same answer: refusals of the business, and of validation. */
function isFinal(error: unknown): boolean {
  if (error instanceof DomainError || error instanceof NonRetriableError) return true;
  if (error instanceof HttpException) return error.getStatus() < 500;
  return isCatgaError(error) && (error.kind === 'business' || error.code === 'CATGA_MESSAGE_INVALID');
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
