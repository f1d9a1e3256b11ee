import { HttpException, Logger } from '@nestjs/common';
import { DomainError, isCatgaError, NonRetriableError } from '../../foundation/index.js';
import type { EventRegistry } from '../../event-sourcing/index.js';
import type { HandlerEntry, MediatorEngine } from '../../mediator/index.js';
import type { MessageDelivery, Type } from '../../messages/index.js';
import {
  isUnprocessable,
  UnprocessableMessageError,
  type IncomingMessage,
  type SubscriptionOptions,
} from '../../transport/index.js';
import type { Inbox } from '../inbox/inbox.js';
import { HEADERS, readHeaders } from '../message-headers.js';
import type { SubscriptionPlan } from './subscription-plan.js';

/** What a consumer is made of. */
export interface MessageConsumerParts {
  readonly engine: Pick<MediatorEngine, 'deliver'>;
  readonly registry: EventRegistry;
  readonly inbox: Inbox;
  readonly codecName: string;
}

/** Brings the messages of one subscription to the methods of its handler class. */
export class MessageConsumer {
  private readonly logger = new Logger('Messaging');

  constructor(
    private readonly parts: MessageConsumerParts,
    private readonly plan: SubscriptionPlan,
  ) {}

  get options(): SubscriptionOptions {
    return this.plan.options;
  }

  /** @throws {UnprocessableMessageError} trying again is no use */
  async handle(message: IncomingMessage, signal: AbortSignal): Promise<void> {
    try {
      await this.deliver(message, signal);
    } catch (error) {
      // What was aborted goes to another node; that is no failure of its handler.
      if (!signal.aborted) this.report(message, error);
      throw error;
    }
  }

  private async deliver(message: IncomingMessage, signal: AbortSignal): Promise<void> {
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
      const event = { type, version: Number(version), data: body };
      const what = `message ${message.id} of subscription "${this.options.name}"`;
      return await this.parts.registry.fromWire(event, publishedAt, what);
    } catch (cause) {
      // Keys of personal data may be away for a while; what is wrong with the message itself stays wrong.
      if (isCatgaError(cause) && cause.kind === 'infrastructure') throw cause;
      throw unreadable(message, textOf(cause), cause);
    }
  }

  /** Of each failure after which the message comes again: of what is lost or a dead letter the transport tells. */
  private report(message: IncomingMessage, error: unknown): void {
    const { options, maxAttempts, longestPause } = this.plan;
    const { id, subject, attempt, headers } = message;
    const type = headers[HEADERS.type] ?? subject;
    if (options.qos === 0 || isUnprocessable(error) || attempt >= maxAttempts) return;
    const pause = longestPause(attempt);
    this.logger.warn(
      `Subscription "${options.name}" failed on ${type} (${id}), attempt ${attempt} of ${maxAttempts}: ${reasonOf(error)}. The next attempt is in ${shown(pause / 2)} to ${shown(pause)}.`,
    );
  }

  private entryOf(event: object, message: IncomingMessage): HandlerEntry {
    const entry = this.plan.entries.get(event.constructor as Type);
    if (entry !== undefined) return entry;
    throw unreadable(message, `subscription "${this.options.name}" has no handler for ${event.constructor.name}`);
  }
}

function shown(milliseconds: number): string {
  return milliseconds < 1_000 ? `${Math.round(milliseconds)} ms` : `${Number((milliseconds / 1_000).toFixed(1))} s`;
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

/** Without a full stop at its end: the sentence goes on. */
const reasonOf = (error: unknown): string => String(error).replace(/\.$/, '');
