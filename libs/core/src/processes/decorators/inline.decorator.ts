import 'reflect-metadata';
import { assertMethod } from './decorator-place.js';

const METADATA = 'catga:inline';

/**
 * Makes a method part of the flow rather than a step: it is run again on every replay, and the methods it awaits are
 * the steps. For a part of `execute` that deserves a name.
 *
 * @throws {ProcessDecoratorError} at load, on anything but a method
 * @example
 * ```ts
 * @Inline() private async shipAll(items: Item[]) { for (const item of items) await this.ship(item); }
 * ```
 */
export function Inline(): MethodDecorator {
  return (target, key, descriptor) => {
    assertMethod('@Inline', target, key, descriptor);
    Reflect.defineMetadata(METADATA, true, target, key);
  };
}

/** True for a method with {@link Inline}. */
export function isInline(prototype: object, method: string): boolean {
  return Reflect.getMetadata(METADATA, prototype, method) === true;
}
