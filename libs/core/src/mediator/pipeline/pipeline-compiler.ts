import type { HandlerContext } from '../../messages/index.js';
import { BehaviorMisuseError } from '../mediator.errors.js';
import type { DispatchTarget, Next, PipelineBehavior } from './pipeline-behavior.js';

/** A handler call: may answer with a value or a promise, and may throw. */
export type Invoke = (message: object, context: HandlerContext) => unknown;

/**
 * Puts behaviours around a handler call, once for each message type. No object is made per message: every stage is a
 * plain function that knows the next one.
 */
export function compilePipeline(
  target: DispatchTarget,
  behaviors: readonly PipelineBehavior[],
  invoke: Invoke,
): Invoke {
  return behaviors.reduceRight<Invoke>((rest, behavior) => {
    const next = asNext(target, rest);
    // Bound, because twenty types calling through one shared closure would make its call site megamorphic.
    const handle = behavior.handle.bind(behavior);
    return (message, context) => handle(message, next, context);
  }, invoke);
}

/** `next` always gives a promise, so that `next(…).catch(…)` sees an error however the handler fails. */
function asNext(target: DispatchTarget, rest: Invoke): Next {
  return (message, context) => {
    if (context === undefined) return Promise.reject(new BehaviorMisuseError(target.messageName));
    try {
      const result = rest(message, context);
      return result instanceof Promise ? result : Promise.resolve(result);
    } catch (error) {
      return Promise.reject(error as Error);
    }
  };
}
