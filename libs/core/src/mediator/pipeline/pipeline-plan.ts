import type { Type } from '../../messages/index.js';
import { behaviorType, type BehaviorRef, type DispatchTarget } from './pipeline-behavior.js';
import { behaviorsOf } from './use-behaviors.decorator.js';

/** Behaviours that the module puts around every message. */
export interface GlobalBehaviors {
  /** Around everything: options of the application, in their order. */
  readonly outer: readonly BehaviorRef[];
  /** Closest to the handler: those that take part only where a decorator asks for them (`@Retry`, `@Timeout`). */
  readonly inner: readonly BehaviorRef[];
}

/** Behaviours of one target from the outermost to the innermost, each class once. */
export function planPipeline(globals: GlobalBehaviors, target: DispatchTarget): readonly BehaviorRef[] {
  const plan = new Map<Type, BehaviorRef>();
  // Setting a key again keeps its place in a Map: the outermost place, with the most specific reference.
  for (const ref of globals.outer) plan.set(behaviorType(ref), ref);
  for (const ref of behaviorsOf(target.messageType)) plan.set(behaviorType(ref), ref);
  for (const ref of behaviorsOf(target.handlerType)) plan.set(behaviorType(ref), ref);
  for (const ref of globals.inner) if (!plan.has(behaviorType(ref))) plan.set(behaviorType(ref), ref);
  return [...plan.values()];
}
