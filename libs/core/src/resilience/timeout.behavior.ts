import { Injectable } from '@nestjs/common';
import { InvalidOptionError, TIMEOUT_METADATA, toMilliseconds, type Duration } from '../foundation/index.js';
import type { HandlerContext } from '../messages/index.js';
import type { BehaviorFactory, DispatchTarget, Next, PipelineBehavior } from '../mediator/index.js';
import { AttemptSignal } from './attempt-signal.js';
import { DeadlineQueue } from './deadline-queue.js';
import { declaredPolicy } from './declared-policy.js';
import { MessageTimeoutError } from './resilience.errors.js';

/**
 * Ends the wait for a handler after a time and aborts its signal. Handlers that heed `context.signal` stop; what others
 * still do is ignored. `@Timeout('5s')` on a handler or message class puts it there, closest to the handler (so it limits
 * one attempt of `@Retry`); named among behaviours it stands where it is named, and `@Timeout` goes before its own time.
 *
 * @throws {MessageTimeoutError}
 */
@Injectable()
export class TimeoutBehavior implements PipelineBehavior {
  private limit: Duration = '30s';
  private isDeclaredOnly = false;

  /** With a limit: `TimeoutBehavior.with('5s')`. Without: 30 s. */
  static with(limit: Duration): BehaviorFactory {
    toMilliseconds(limit, 'TimeoutBehavior.with');
    return factory((behavior) => (behavior.limit = limit));
  }

  /** Takes part only where `@Timeout` says so. */
  static declared(): BehaviorFactory {
    return factory((behavior) => (behavior.isDeclaredOnly = true));
  }

  prepare(target: DispatchTarget): PipelineBehavior | undefined {
    const declared = declaredPolicy<Duration>(TIMEOUT_METADATA, target);
    if (declared === undefined && this.isDeclaredOnly) return undefined;
    const ms = toMilliseconds(declared ?? this.limit, `@Timeout of ${target.handlerName}`);
    if (ms === 0) throw new InvalidOptionError(`@Timeout of ${target.handlerName}`, declared, 'more than 0');
    return new LimitingBehavior(target, ms);
  }

  /** Never called: targets get a behaviour of their own, or none. */
  handle(message: object, next: Next, context: HandlerContext): Promise<unknown> {
    return next(message, context);
  }
}

class LimitingBehavior implements PipelineBehavior {
  private readonly deadlines: DeadlineQueue;

  constructor(
    private readonly target: DispatchTarget,
    ms: number,
  ) {
    this.deadlines = new DeadlineQueue(ms);
  }

  handle(message: object, next: Next, context: HandlerContext): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const attempt = new AttemptSignal(context);
      const deadline = this.deadlines.add(() => {
        const error = new MessageTimeoutError(this.target.messageName, this.target.handlerName, this.deadlines.ms);
        attempt.abort(error);
        reject(error);
      });
      const end = () => {
        deadline.isOver = true;
        attempt.release();
      };
      next(message, context.withSignal(attempt.get)).then(
        (result) => {
          end();
          resolve(result);
        },
        (error: unknown) => {
          end();
          reject(error as Error);
        },
      );
    });
  }
}

function factory(set: (behavior: TimeoutBehavior) => void): BehaviorFactory {
  const create = (): TimeoutBehavior => {
    const behavior = new TimeoutBehavior();
    set(behavior);
    return behavior;
  };
  return { behavior: TimeoutBehavior, inject: [], create };
}
