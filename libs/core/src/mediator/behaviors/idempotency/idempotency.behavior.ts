import { Injectable } from '@nestjs/common';
import { IdempotencyStore } from '../../../idempotency/index.js';
import type { HandlerContext } from '../../../messages/index.js';
import type { BehaviorFactory, DispatchTarget, Next, PipelineBehavior } from '../../pipeline/pipeline-behavior.js';
import { resolveIdempotencyOptions, type IdempotencyOptions } from './idempotency.options.js';
import { IdempotentAnswers } from './idempotent-answers.js';
import { IdempotentHandling } from './idempotent-handling.js';

/**
 * Handles a message with an idempotency key once: repetitions get the first answer, also after a restart when the store
 * is durable. Messages without a key pass. The same key means the same intent within one message type (and one
 * handler, for events) and tenant.
 *
 * A handler that throws leaves no answer, so a repetition runs it again. So does the death of the node in the midst of
 * a handler, once the lease is over: nobody can know how far it came.
 *
 * @throws {IdempotencyInProgressError} the first one is still being handled
 * @throws {IdempotencyKeyReusedError} the key was used for other content
 * @throws {IdempotentAnswerLostError} the first answer could not be encoded
 * @example `@UseBehaviors(IdempotencyBehavior.with({ keepFor: '7d' }))`
 */
@Injectable()
export class IdempotencyBehavior implements PipelineBehavior {
  private settings = resolveIdempotencyOptions();

  constructor(private readonly store: IdempotencyStore) {}

  /**
   * With options.
   *
   * @throws {UnknownOptionError} and other errors of kind `configuration` when the options are wrong
   */
  static with(options: IdempotencyOptions): BehaviorFactory {
    const settings = resolveIdempotencyOptions(options);
    const create = (store: IdempotencyStore): IdempotencyBehavior => {
      const behavior = new IdempotencyBehavior(store);
      behavior.settings = settings;
      return behavior;
    };
    return { behavior: IdempotencyBehavior, inject: [IdempotencyStore], create };
  }

  prepare(target: DispatchTarget): PipelineBehavior {
    return new IdempotentHandling(this.store, new IdempotentAnswers(this.settings.codec), this.settings, target);
  }

  /** Never called: every target gets a behaviour of its own. */
  handle(message: object, next: Next, context: HandlerContext): Promise<unknown> {
    return next(message, context);
  }
}
