import 'reflect-metadata';
import { assertMethod, placeOf } from './decorator-place.js';
import { ProcessDecoratorError } from './decorator.errors.js';

const METADATA = 'catga:condition';

/**
 * One of several methods that share a step name: it is taken when the predicate, a method of the class, says true to
 * the arguments of the step. The first one in the order of the class wins; one without a condition, written last,
 * takes the rest. When none is left the step fails with a `ProcessStepError`.
 *
 * @throws {ProcessDecoratorError} at load
 * @example
 * ```ts
 * @ProcessStep('ship') @Condition('isUrgent') private async shipExpress(order: Order) { … }
 * @ProcessStep('ship') private async shipStandard(order: Order) { … }
 * private isUrgent(order: Order) { return order.amount > 1000; }
 * ```
 */
export function Condition(predicate: string): MethodDecorator {
  return (target, key, descriptor) => {
    assertMethod('@Condition', target, key, descriptor);
    if (typeof predicate !== 'string' || predicate === '') {
      throw new ProcessDecoratorError(
        '@Condition',
        placeOf(target, key),
        "give the name of a method of the class that answers true or false: @Condition('isUrgent').",
      );
    }
    Reflect.defineMetadata(METADATA, predicate, target, key);
  };
}

/** The predicate that {@link Condition} names. */
export function readCondition(prototype: object, method: string): string | undefined {
  return Reflect.getMetadata(METADATA, prototype, method) as string | undefined;
}
