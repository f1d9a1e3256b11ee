import { isDeepStrictEqual, types } from 'node:util';

/**
 * Do two values mean the same to a flow that is run again? What Node's deep comparison says, and besides:
 *
 * - two invalid dates are the same, as they are once they are encoded;
 * - two functions are the same when their code is: each run of a flow makes its arrow functions anew.
 */
export function sameValue(a: unknown, b: unknown): boolean {
  // Nearly always enough, and what is left below need not know every kind of object.
  return isDeepStrictEqual(a, b) || new Comparison().same(a, b);
}

/** One look at two values that differ somewhere, perhaps only in what {@link sameValue} lets pass. */
class Comparison {
  /** Pairs under comparison: values may contain themselves. */
  private readonly pairs = new Map<object, object>();

  same(a: unknown, b: unknown): boolean {
    if (typeof a === 'function' && typeof b === 'function') return String(a) === String(b);
    if (!isObject(a) || !isObject(b)) return Object.is(a, b);
    if (this.pairs.get(a) === b) return true;
    if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
    this.pairs.set(a, b);
    if (types.isDate(a) && types.isDate(b)) return Object.is(a.getTime(), b.getTime());
    // In their order: a flow that is run again builds them the same way.
    if (types.isMap(a) && types.isMap(b)) return this.sameList([...a].flat(), [...b].flat());
    if (types.isSet(a) && types.isSet(b)) return this.sameList([...a], [...b]);
    if (Array.isArray(a) && Array.isArray(b) && a.length !== b.length) return false;
    return isPlain(a) ? this.sameProperties(a, b) : isDeepStrictEqual(a, b);
  }

  private sameList(a: readonly unknown[], b: readonly unknown[]): boolean {
    return a.length === b.length && a.every((item, index) => this.same(item, b[index]));
  }

  private sameProperties(a: object, b: object): boolean {
    const keys = keysOf(a);
    return (
      keys.length === keysOf(b).length &&
      keys.every((key) => Object.hasOwn(b, key) && this.same(Reflect.get(a, key), Reflect.get(b, key)))
    );
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** All that there is of it are its properties: an object, an instance of the application's class, a list, an error. */
function isPlain(value: object): boolean {
  if (Array.isArray(value) || types.isNativeError(value)) return true;
  return Object.prototype.toString.call(value) === '[object Object]';
}

/** Of an error its message and cause as well, which are no enumerable properties; its stack is another each time. */
function keysOf(value: object): readonly (string | symbol)[] {
  const keys: (string | symbol)[] = Object.keys(value);
  if (types.isNativeError(value)) {
    for (const key of ['name', 'message', 'cause', 'errors']) {
      if (Object.hasOwn(value, key) && !keys.includes(key)) keys.push(key);
    }
  }
  for (const key of Object.getOwnPropertySymbols(value)) {
    if (Object.prototype.propertyIsEnumerable.call(value, key)) keys.push(key);
  }
  return keys;
}
