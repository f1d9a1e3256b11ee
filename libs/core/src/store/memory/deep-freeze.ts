import { isDataPrototype, isPlainPrototype } from '../data-class.js';

/**
 * Freezes the data a value is made of, so that a program that changes an object after handing it to the store fails
 * where it does so, not at the next restart on a durable store.
 *
 * Data means what a codec would carry: arrays, plain objects, instances of classes without methods (DTOs), and what
 * Map and Set hold. Anything else (services, sockets, errors, buffers) is somebody's working object and stays as it is.
 */
export function deepFreeze(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  const pending: object[] = [value];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (next instanceof Map) {
      for (const [key, item] of next) {
        addObject(pending, key);
        addObject(pending, item);
      }
    } else if (next instanceof Set) {
      for (const item of next) addObject(pending, item);
    } else if (!Object.isFrozen(next) && isData(next)) {
      Object.freeze(next);
      for (const item of Object.values(next)) addObject(pending, item);
    }
  }
}

function addObject(pending: object[], value: unknown): void {
  if (typeof value === 'object' && value !== null) pending.push(value);
}

function isData(value: object): boolean {
  if (Array.isArray(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return isPlainPrototype(prototype) || isDataPrototype(prototype as object);
}
