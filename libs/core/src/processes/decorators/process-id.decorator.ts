import 'reflect-metadata';
import type { Type } from '../../messages/index.js';
import { assertClass, placeOf } from './decorator-place.js';
import { ProcessDecoratorError } from './decorator.errors.js';

/** Gives the id of a run, without the process name in front. */
export type ProcessIdFunction<C extends object> = (command: C) => string | number | bigint;

const METADATA = 'catga:process-id';

/**
 * Says how the id of a run is made from the command: by a function, or by a method of the class. The method is
 * called without an instance, so it must not use injected fields. Default: the command's `id`, else its first string
 * property whose name ends in `Id`.
 *
 * @throws {ProcessDecoratorError} at load
 * @example `@ProcessId((order: CreateOrder) => order.customerId + "-" + order.orderId)`
 */
export function ProcessId<C extends object>(source: ProcessIdFunction<C> | string): ClassDecorator {
  return (target: object, key?: string | symbol) => {
    assertClass('@ProcessId', target, key);
    if (typeof source !== 'function' && (typeof source !== 'string' || source === '')) {
      throw new ProcessDecoratorError(
        '@ProcessId',
        placeOf(target),
        "give a function of the command, or the name of a method: @ProcessId((order) => order.number) or @ProcessId('idOf').",
      );
    }
    Reflect.defineMetadata(METADATA, source, target);
  };
}

/** What {@link ProcessId} was told. Inherited by subclasses. */
export function readProcessId(target: Type<object>): ProcessIdFunction<object> | string | undefined {
  return Reflect.getMetadata(METADATA, target) as ProcessIdFunction<object> | string | undefined;
}
