import type { LoggerService } from '@nestjs/common';
import type { MessageDelivery } from '../messages/index.js';
import { UnprocessableMessageError, type IncomingMessage, type SubscriptionOptions } from '../transport/index.js';
import { CatgaContext, type CatgaContextArgs } from './catga.context.js';
import { settled } from './handler-result.js';
import { willRemember } from './original-error.js';
import type { ServerSettings } from './microservice.options.js';
import type { EventRoute, PatternHandler } from './pattern-table.js';
import type { ProcessingHooks } from './processing-hooks.js';
import { eventError, textOf } from './rpc-error.js';

/** Brings an event to the methods of its pattern. */
export class EventRunner {
  constructor(
    private readonly hooks: ProcessingHooks,
    private readonly settings: Pick<ServerSettings, 'codec' | 'inbox'>,
    private readonly logger: LoggerService,
  ) {}

  /**
   * Runs all methods and waits for all of them, so that none still runs when the event comes once more. With QoS 2 not at
   * all, if they were done before.
   *
   * @throws the error of the first method that failed, as it threw it
   */
  async run(
    { name, qos }: SubscriptionOptions,
    route: EventRoute | undefined,
    message: IncomingMessage,
    signal: AbortSignal,
  ): Promise<void> {
    const { id, subject, attempt, publishedAt, key } = message;
    try {
      if (route === undefined) throw unreadable(message, `subscription "${name}" has no method for it`);
      const data = this.decode(message);
      const delivery: MessageDelivery = { subscription: name, attempt, publishedAt, key };
      const runAll = (): Promise<void> => this.callAll(route, data, [message, route.pattern, signal, delivery]);
      if (qos === 2 && this.settings.inbox !== undefined) await this.settings.inbox.once(id, delivery, runAll);
      else await runAll();
    } catch (error) {
      this.logger.error(`Event ${id} for "${subject}" failed in attempt ${attempt} (${name}): ${textOf(error)}`);
      throw error;
    }
  }

  private async callAll({ handlers }: EventRoute, data: unknown, args: CatgaContextArgs): Promise<void> {
    const runs = handlers.map((handler) => this.call(handler, data, args));
    const failed = (await Promise.allSettled(runs)).find(({ status }) => status === 'rejected');
    if (failed !== undefined) throw (failed as PromiseRejectedResult).reason as Error;
  }

  private async call(handler: PatternHandler, data: unknown, args: CatgaContextArgs): Promise<void> {
    // One for each method: a failure is remembered by it, and spans of hooks belong to one method.
    const context = new CatgaContext(args);
    willRemember(context);
    await this.hooks.run(context, async () => {
      try {
        await settled(handler(data, context), context.getSignal());
      } catch (failure) {
        throw eventError(context, failure);
      }
    });
  }

  private decode(message: IncomingMessage): unknown {
    try {
      return this.settings.codec.decode(message.body);
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
