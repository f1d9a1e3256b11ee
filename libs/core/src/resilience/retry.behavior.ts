import { Injectable } from '@nestjs/common';
import {
  assertKnownOptions,
  backoffDelay,
  resolveRetry,
  RETRY_METADATA,
  RetryAfterError,
  type RetryOptions,
  type RetryPolicy,
} from '../foundation/index.js';
import type { HandlerContext } from '../messages/index.js';
import type { BehaviorFactory, DispatchTarget, Next, PipelineBehavior } from '../mediator/index.js';
import { declaredPolicy } from './declared-policy.js';
import { isRetriable } from './is-retriable.js';
import { sleep } from './sleep.js';

/**
 * Handles a message again when it failed in a way that may pass, with growing waits and jitter between the attempts.
 * Its last error is thrown as it is. `@Retry({ … })` on a handler or message class puts it there, closest to the handler;
 * named among behaviours it stands where it is named, with the options of `@Retry` going before its own.
 *
 * Never retried: see `isRetriable`. An aborted signal ends it at once.
 */
@Injectable()
export class RetryBehavior implements PipelineBehavior {
  private options: RetryOptions = {};
  private isDeclaredOnly = false;

  /** With options: `RetryBehavior.with({ attempts: 5, backoff: '100ms' })`. */
  static with(options: RetryOptions): BehaviorFactory {
    assertKnownOptions('RetryBehavior.with', options, ['attempts', 'backoff', 'maxBackoff', 'retryIf']);
    return factory((behavior) => (behavior.options = options));
  }

  /** Takes part only where `@Retry` says so. */
  static declared(): BehaviorFactory {
    return factory((behavior) => (behavior.isDeclaredOnly = true));
  }

  prepare(target: DispatchTarget): PipelineBehavior | undefined {
    const declared = declaredPolicy<RetryOptions>(RETRY_METADATA, target);
    if (declared === undefined && this.isDeclaredOnly) return undefined;
    const policy = resolveRetry({ ...this.options, ...declared });
    return policy.attempts > 1 ? new RetryingBehavior(policy) : undefined;
  }

  /** Never called: targets get a behaviour of their own, or none. */
  handle(message: object, next: Next, context: HandlerContext): Promise<unknown> {
    return next(message, context);
  }
}

class RetryingBehavior implements PipelineBehavior {
  constructor(private readonly policy: RetryPolicy) {}

  async handle(message: object, next: Next, context: HandlerContext): Promise<unknown> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await next(message, context);
      } catch (error) {
        const wait = this.waitAfter(error, attempt);
        if (wait === undefined || !(await sleep(wait, context.signal))) throw error;
      }
    }
  }

  /** Milliseconds until the next attempt; undefined when there is none. */
  private waitAfter(error: unknown, attempt: number): number | undefined {
    if (attempt >= this.policy.attempts || !isRetriable(error)) return undefined;
    if (this.policy.retryIf !== undefined && !this.policy.retryIf(error)) return undefined;
    return error instanceof RetryAfterError ? error.retryAfter : backoffDelay(this.policy, attempt);
  }
}

function factory(set: (behavior: RetryBehavior) => void): BehaviorFactory {
  const create = (): RetryBehavior => {
    const behavior = new RetryBehavior();
    set(behavior);
    return behavior;
  };
  return { behavior: RetryBehavior, inject: [], create };
}
