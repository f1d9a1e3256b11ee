import { isDataPrototype, isPlainPrototype } from '../data-class.js';
import type { CodecTypes } from './codec-types.js';

/** The key that marks what plain JSON cannot say: `{ "$type": "Date", "value": … }`. */
export const TYPE_KEY = '$type';

/** Nested deeper than this is refused: a reader of the text may not have the stack for it. */
export const DEEPEST = 500;

/**
 * Whether `JSON.stringify` writes the value and `JSON.parse` gives it back as the codec promises. Most values are like
 * that, and this one walk is all that the codec adds for them. A "no" may mean "not sure": the encoder then looks closer.
 */
export function isPlainJson(value: unknown, types: CodecTypes, depth = 0): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0);
    case 'object':
      return value === null || (depth < DEEPEST && isPlain(value, types, depth));
    default:
      return false;
  }
}

function isPlain(value: object, types: CodecTypes, depth: number): boolean {
  if (Array.isArray(value)) return isPlainArray(value, types, depth);
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (prototype !== Object.prototype && !isUnregisteredData(prototype, types)) return false;
  for (const key in value) {
    if (key === TYPE_KEY || !isPlainJson((value as Record<string, unknown>)[key], types, depth + 1)) return false;
  }
  return !('toJSON' in value);
}

function isUnregisteredData(prototype: object | null, types: CodecTypes): boolean {
  if (prototype === null) return true;
  return (isPlainPrototype(prototype) || isDataPrototype(prototype)) && types.of(prototype) === undefined;
}

function isPlainArray(array: readonly unknown[], types: CodecTypes, depth: number): boolean {
  if (Object.getPrototypeOf(array) !== Array.prototype) return false;
  // By index: `every` would pass over holes, which JSON turns into null.
  for (let index = 0; index < array.length; index++) if (!isPlainJson(array[index], types, depth + 1)) return false;
  return true;
}
