import { ProcessDecoratorError } from './decorator.errors.js';

/** `OrderProcess.ship`, or `OrderProcess` for the class itself; for messages. */
export function placeOf(target: unknown, key?: string | symbol): string {
  const owner = typeof target === 'function' ? target : (target as { constructor?: unknown } | null)?.constructor;
  const name = typeof owner === 'function' && owner.name ? owner.name : 'a class';
  return key === undefined ? name : `${name}.${String(key)}`;
}

/**
 * Refuses everything but an instance method with a plain name: only those can be found in the code of `execute`.
 *
 * @throws {ProcessDecoratorError}
 */
export function assertMethod(
  decorator: string,
  target: object,
  key: string | symbol,
  descriptor: PropertyDescriptor | undefined,
): asserts key is string {
  const place = placeOf(target, key);
  if (key === undefined) {
    throw new ProcessDecoratorError(decorator, place, 'it belongs on a method, not on the class.');
  }
  if (typeof target === 'function') {
    throw new ProcessDecoratorError(decorator, place, 'a static method cannot take part in a process. Drop "static".');
  }
  if (typeof descriptor?.value !== 'function') {
    throw new ProcessDecoratorError(
      decorator,
      place,
      `it belongs on a method. Write \`async ${String(key)}(…) { … }\` in place of a field or an accessor.`,
    );
  }
  if (typeof key === 'symbol') {
    throw new ProcessDecoratorError(decorator, place, 'give the method a plain name; a symbol cannot be recorded.');
  }
}

/**
 * Refuses everything but a class.
 *
 * @throws {ProcessDecoratorError}
 */
export function assertClass(decorator: string, target: unknown, key?: string | symbol): void {
  if (typeof target === 'function' && key === undefined) return;
  throw new ProcessDecoratorError(decorator, placeOf(target, key), 'it belongs on the class.');
}
