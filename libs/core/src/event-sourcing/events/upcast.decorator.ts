import 'reflect-metadata';
import { InvalidOptionError } from '../../foundation/index.js';
import { messageName, type Type } from '../../messages/index.js';
import type { UpcastTarget } from './version-steps.js';

/** Where the steps that a class declares are kept; read at boot. */
export const VERSION_STEPS = Symbol.for('catga:event-version-steps');

/** A step as a decorator declared it. */
export interface DeclaredStep {
  readonly kind: 'upcast' | 'downcast';
  readonly type: string;
  readonly from: number;
  readonly target: UpcastTarget;
  readonly method: string;
}

/**
 * Makes a method of a provider the step from one version of an event to the next. Steps are chained: an event stored
 * in version 1 goes through the steps from 1 and from 2 to reach a class of version 3. The method gets the stored
 * fields and gives the new ones; it must not wait and must not change what it is given.
 *
 * @param event the class, or the wire name it was stored under
 * @param from the version it was stored in
 * @param target the new name of an event that was renamed: `{ to: 'order-placed' }`
 * @throws {InvalidOptionError} at load
 * @example
 * ```ts
 * @Injectable()
 * export class OrderUpcasters {
 *   @Upcast(OrderPlaced, 1)
 *   addCurrency(data: { orderId: string; amount: number }) {
 *     return { ...data, currency: 'EUR' };
 *   }
 * }
 * ```
 */
export function Upcast(event: Type<object> | string, from: number, target: UpcastTarget = {}): MethodDecorator {
  return declare('upcast', event, from, target);
}

/**
 * Makes a method of a provider the step from a version of an event to the one before it, for programs that still know
 * the older one: see `eventSourcing.writeAs` and `EventRegistry.inVersion`.
 *
 * @param from the version to come from: `@Downcast(OrderPlaced, 2)` gives version 1
 * @throws {InvalidOptionError} at load
 */
export function Downcast(event: Type<object> | string, from: number): MethodDecorator {
  return declare('downcast', event, from, {});
}

/** The steps that the class declares, its base classes included. */
export function declaredSteps(target: Type<object>): readonly DeclaredStep[] {
  return (Reflect.getMetadata(VERSION_STEPS, target) as readonly DeclaredStep[] | undefined) ?? [];
}

function declare(
  kind: DeclaredStep['kind'],
  event: Type<object> | string,
  from: number,
  target: UpcastTarget,
): MethodDecorator {
  const name = kind === 'upcast' ? '@Upcast' : '@Downcast';
  const lowest = kind === 'upcast' ? 1 : 2;
  if (!Number.isSafeInteger(from) || from < lowest) {
    throw new InvalidOptionError(`${name}(…, from)`, from, `a version, a whole number from ${lowest}`);
  }
  const type = typeof event === 'string' ? event : messageName(event);
  return (prototype, method) => {
    const owner = prototype.constructor as Type<object>;
    const step: DeclaredStep = { kind, type, from, target, method: String(method) };
    Reflect.defineMetadata(VERSION_STEPS, [...declaredSteps(owner), step], owner);
  };
}
