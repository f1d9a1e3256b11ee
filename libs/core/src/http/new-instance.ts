import type { Type } from '../messages/index.js';

/**
 * An instance to be filled from a body. The constructor is called without parameters, so that defaults are set; when
 * it insists on parameters, the instance is made without it.
 */
export function newInstance<T extends object>(target: Type<T>): T {
  try {
    return Reflect.construct(target, []) as T;
  } catch {
    return Object.create(target.prototype as object) as T;
  }
}

/** Copies the fields of a body to an instance. */
export function fill<T extends object>(instance: T, fields: object): T {
  for (const [key, value] of Object.entries(fields)) {
    // Own properties, whatever the name: assigning to `__proto__` would exchange the class under the instance.
    if (key === '__proto__') continue;
    Object.defineProperty(instance, key, { value, writable: true, enumerable: true, configurable: true });
  }
  return instance;
}

/**
 * A stand-in for a class that libraries can call with `new` and no parameters: gives {@link newInstance}, and has the
 * decorators of the class by inheritance.
 */
export function constructible<T extends object>(target: Type<T>): new () => T {
  const standIn = function (): T {
    return newInstance(target);
  };
  Object.setPrototypeOf(standIn, target);
  standIn.prototype = Object.create(target.prototype as object, { constructor: { value: standIn } }) as object;
  return standIn as unknown as new () => T;
}
