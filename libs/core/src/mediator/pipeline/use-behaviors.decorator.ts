import 'reflect-metadata';
import type { Type } from '../../messages/index.js';
import type { BehaviorRef } from './pipeline-behavior.js';

const BEHAVIORS_METADATA = 'catga:behaviors';

/**
 * Puts behaviours around one message type (on the message class) or one handler (on the handler class). They come after
 * the global ones, those of the message before those of the handler, in the order written. A behaviour class stands in a
 * pipeline once: the most specific one is used, at the outermost place.
 *
 * @example
 * ```ts
 * @CommandHandler(ChargeCard)
 * @UseBehaviors(AuditBehavior, TimeoutBehavior.with('5s'))
 * export class ChargeCardHandler { … }
 * ```
 */
export function UseBehaviors(...behaviors: readonly BehaviorRef[]): ClassDecorator {
  return (target) => {
    const others = (Reflect.getOwnMetadata(BEHAVIORS_METADATA, target) as readonly BehaviorRef[] | undefined) ?? [];
    // Decorators run from the class upwards; behaviours run as they are read, from the top.
    Reflect.defineMetadata(BEHAVIORS_METADATA, [...behaviors, ...others], target);
  };
}

/** Behaviours of a message or handler class, those of its base classes included unless it has its own. */
export function behaviorsOf(type: Type | undefined): readonly BehaviorRef[] {
  if (type === undefined) return [];
  return (Reflect.getMetadata(BEHAVIORS_METADATA, type) as readonly BehaviorRef[] | undefined) ?? [];
}
