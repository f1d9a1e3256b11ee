import { isDeepStrictEqual } from 'node:util';

/** One place where two states differ. */
export interface StateChange {
  /** `lines[0].quantity`, `prices["book"]` for a Map; empty when the whole state is another. */
  readonly path: string;
  readonly kind: 'added' | 'changed' | 'removed';
  /** Undefined for what was added. */
  readonly before: unknown;
  /** Undefined for what was removed. */
  readonly after: unknown;
}

/**
 * Where two states differ, in the order of their fields. Arrays are compared place by place, a Set as a whole.
 * Both must be copies, without classes: see `copyState`.
 */
export function diffStates(before: unknown, after: unknown): readonly StateChange[] {
  const changes: StateChange[] = [];
  compare('', before, after, changes);
  return changes;
}

function compare(path: string, before: unknown, after: unknown, changes: StateChange[]): void {
  // Also ends states that contain themselves.
  if (isDeepStrictEqual(before, after)) return;
  const [old, now] = [partsOf(path, before), partsOf(path, after)];
  if (old === undefined || now === undefined || old.kind !== now.kind) {
    changes.push({ path, kind: 'changed', before, after });
    return;
  }
  for (const place of new Set([...old.parts.keys(), ...now.parts.keys()])) {
    if (!now.parts.has(place)) {
      changes.push({ path: place, kind: 'removed', before: old.parts.get(place), after: undefined });
    } else if (!old.parts.has(place)) {
      changes.push({ path: place, kind: 'added', before: undefined, after: now.parts.get(place) });
    } else {
      compare(place, old.parts.get(place), now.parts.get(place), changes);
    }
  }
}

interface Parts {
  readonly kind: 'array' | 'map' | 'fields';
  /** By full path. */
  readonly parts: ReadonlyMap<string, unknown>;
}

/** What a value is made of; undefined for what is compared as a whole. */
function partsOf(path: string, value: unknown): Parts | undefined {
  if (Array.isArray(value)) {
    return { kind: 'array', parts: new Map(value.map((item: unknown, index) => [`${path}[${index}]`, item])) };
  }
  if (value instanceof Map) {
    return { kind: 'map', parts: new Map([...value].map(([key, item]) => [`${path}[${textOf(key)}]`, item])) };
  }
  if (!isPlain(value)) return undefined;
  return { kind: 'fields', parts: new Map(Object.entries(value).map(([key, item]) => [fieldPath(path, key), item])) };
}

function fieldPath(path: string, key: string): string {
  if (!/^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === '' ? key : `${path}.${key}`;
}

function textOf(key: unknown): string {
  return typeof key === 'number' || typeof key === 'bigint' ? String(key) : (JSON.stringify(key) ?? typeof key);
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
