/**
 * A copy of the data in a value that later changes of the value do not reach. Objects of classes become plain ones,
 * Map, Set, Date and arrays stay what they are; what is no data (functions, buffers, errors) is kept as it is.
 */
export function copyState(value: unknown): unknown {
  return copy(value, new Map());
}

/** @param copies made so far, so that an object met twice, or within itself, is copied once */
function copy(value: unknown, copies: Map<object, unknown>): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const known = copies.get(value);
  if (known !== undefined) return known;
  if (value instanceof Date) return new Date(value);
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer || value instanceof Error) return value;
  return value instanceof Map || value instanceof Set ? copyCollection(value, copies) : copyFields(value, copies);
}

function copyCollection(value: Map<unknown, unknown> | Set<unknown>, copies: Map<object, unknown>): unknown {
  if (value instanceof Set) {
    const set = new Set<unknown>();
    copies.set(value, set);
    for (const item of value) set.add(copy(item, copies));
    return set;
  }
  const map = new Map<unknown, unknown>();
  copies.set(value, map);
  for (const [key, item] of value) map.set(key, copy(item, copies));
  return map;
}

function copyFields(value: object, copies: Map<object, unknown>): unknown {
  const target: Record<string, unknown> | unknown[] = Array.isArray(value) ? [] : {};
  copies.set(value, target);
  for (const [key, item] of Object.entries(value)) {
    Object.defineProperty(target, key, {
      value: copy(item, copies),
      enumerable: true,
      writable: true,
      configurable: true,
    });
  }
  return target;
}
