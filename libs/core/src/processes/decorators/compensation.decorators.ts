import 'reflect-metadata';
import { assertMethod, placeOf } from './decorator-place.js';
import { ProcessDecoratorError } from './decorator.errors.js';

const COMPENSATE = 'catga:compensate';
const COMPENSATION_STEP = 'catga:compensation-step';

/**
 * On a step: names the method that undoes it. Needed only where that method is not called `compensate{Step}`. It
 * receives the arguments of the step, then its result and outcome.
 *
 * @throws {ProcessDecoratorError} at load
 * @example `@Compensate('releaseInventory') private async reserveInventory(orderId: string) { … }`
 */
export function Compensate(method: string): MethodDecorator {
  return (target, key, descriptor) => {
    assertMethod('@Compensate', target, key, descriptor);
    if (typeof method !== 'string' || method === '') {
      throw new ProcessDecoratorError(
        '@Compensate',
        placeOf(target, key),
        "give the name of a method of the class: @Compensate('releaseInventory').",
      );
    }
    Reflect.defineMetadata(COMPENSATE, method, target, key);
  };
}

/**
 * On a compensation: says which step it undoes, the other way round than {@link Compensate}. Without a name it only
 * marks the method, so that boot fails when no step refers to it.
 *
 * @throws {ProcessDecoratorError} at load
 * @example `@CompensationStep('reserveInventory') private async release(orderId: string) { … }`
 */
export function CompensationStep(step?: string): MethodDecorator {
  return (target, key, descriptor) => {
    assertMethod('@CompensationStep', target, key, descriptor);
    if (step !== undefined && (typeof step !== 'string' || step === '')) {
      throw new ProcessDecoratorError(
        '@CompensationStep',
        placeOf(target, key),
        "give the name of a step, or nothing: @CompensationStep('reserveInventory').",
      );
    }
    Reflect.defineMetadata(COMPENSATION_STEP, { ...(step === undefined ? {} : { step }) }, target, key);
  };
}

/** The method that {@link Compensate} names. */
export function readCompensate(prototype: object, method: string): string | undefined {
  return Reflect.getMetadata(COMPENSATE, prototype, method) as string | undefined;
}

/** What {@link CompensationStep} was told; undefined when the method is not marked. */
export function readCompensationStep(prototype: object, method: string): { readonly step?: string } | undefined {
  return Reflect.getMetadata(COMPENSATION_STEP, prototype, method) as { readonly step?: string } | undefined;
}
