import type { LoggerService } from '@nestjs/common';
import type { Codec } from '../store/index.js';
import { UnprocessableMessageError, type IncomingMessage } from '../transport/index.js';
import { CatgaContext } from './catga.context.js';
import { settled } from './handler-result.js';
import { willRemember } from './original-error.js';
import type { EventRoute, PatternHandler } from './pattern-table.js';
import type { ProcessingHooks } from './processing-hooks.js';
import { eventError, textOf } from './rpc-error.js';

/** Brings an event to the methods of its pattern. */
export class EventRunner {
  constructor(
    private readonly hooks: ProcessingHooks,
    private readonly codec: Codec,
    private readonly logger: LoggerService,
  ) {}

  /**
   * Runs all methods and waits for all of them, so that none still runs when the event comes once more.
   *
   * @throws the error of the first method that failed, as it threw it
   */
  async run(
    subscription: string,
    route: EventRoute | undefined,
    message: IncomingMessage,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      if (route === undefined) throw unreadable(message, `subscription "${subscription}" has no method for it`);
      const data = this.decode(message);
      const runs = route.handlers.map((handler) => this.call(handler, route, data, message, signal));
      const failed = (await Promise.allSettled(runs)).find(({ status }) => status === 'rejected');
      if (failed !== undefined) throw (failed as PromiseRejectedResult).reason as Error;
    } catch (error) {
      const { id, subject, attempt } = message;
      this.logger.error(
        `Event ${id} for "${subject}" failed in attempt ${attempt} (${subscription}): ${textOf(error)}`,
      );
      throw error;
    }
  }

  private async call(
    handler: PatternHandler,
    { pattern }: EventRoute,
    data: unknown,
    message: IncomingMessage,
    signal: AbortSignal,
  ): Promise<void> {
    // One for each method: a failure is remembered by it, and spans of hooks belong to one method.
    const context = new CatgaContext([message, pattern, signal]);
    willRemember(context);
    await this.hooks.run(context, async () => {
      try {
        await settled(handler(data, context), signal);
      } catch (failure) {
        throw eventError(context, failure);
      }
    });
  }

  private decode(message: IncomingMessage): unknown {
    try {
      return this.codec.decode(message.body);
    } catch (cause) {
      throw unreadable(message, textOf(cause), cause);
    }
  }
}

function unreadable(message: IncomingMessage, reason: string, cause?: unknown): UnprocessableMessageError {
  const { id, subject } = message;
  return new UnprocessableMessageError(`Message ${id} for "${subject}" cannot be handled: ${reason}`, {
    ...(cause === undefined ? {} : { cause }),
    details: { messageId: id, subject },
  });
}
