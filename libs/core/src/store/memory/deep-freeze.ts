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
  if (prototype === null || prototype === Object.prototype) return true;
  return isDataPrototype(prototype as object);
}

const known = new WeakMap<object, boolean>();

/** A class that declares fields only, and extends nothing that has more. Built-in classes all have members. */
function isDataPrototype(prototype: object): boolean {
  let answer = known.get(prototype);
  if (answer === undefined) {
    const parent: unknown = Object.getPrototypeOf(prototype);
    answer =
      Reflect.ownKeys(prototype).every((key) => key === 'constructor') &&
      (parent === null || parent === Object.prototype || isDataPrototype(parent as object));
    known.set(prototype, answer);
  }
  return answer;
}
