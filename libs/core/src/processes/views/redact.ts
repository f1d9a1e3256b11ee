import type { Payload } from '../../store/index.js';
import type { Values } from '../journal/values.js';

/** How views read what the journal keeps. */
export type ShownValues = Pick<Values, 'decode'>;

/** What stands in place of a value that is not to be shown. */
export const REDACTED = '[redacted]';

/**
 * Leaves the values of named fields out, at any depth. Names are compared without regard to case. The journal itself
 * keeps the values: a replay needs them.
 */
export class Redaction {
  private readonly names: ReadonlySet<string>;

  constructor(names: readonly string[]) {
    this.names = new Set(names.map((name) => name.toLowerCase()));
  }

  /** Reads values without the named fields. Never throws. Only what users store: a field called `id` must not hide that of the run. */
  shown(values: Values): ShownValues {
    return { decode: (payload) => this.of(readable(values, payload)) };
  }

  /** A copy of plain data without the named fields; the value itself when there are no names. */
  of<T>(value: T): T {
    return this.names.size === 0 ? value : (this.copy(value) as T);
  }

  private copy(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((item) => this.copy(item));
    if (value instanceof Map) return new Map([...value].map(([key, item]) => [key, this.field(String(key), item)]));
    if (value instanceof Set) return new Set([...value].map((item) => this.copy(item)));
    if (typeof value !== 'object' || value === null || isOpaque(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.field(key, item)]));
  }

  private field(name: string, value: unknown): unknown {
    return this.names.has(name.toLowerCase()) ? REDACTED : this.copy(value);
  }
}

/** A value that today's codec cannot read must not hide the rest of the run from whoever has to look at it. */
function readable(values: Values, payload: Payload): unknown {
  try {
    return values.decode(payload);
  } catch (error) {
    return `[cannot be read: ${error instanceof Error ? error.message : String(error)}]`;
  }
}

/** Objects whose content is not in their fields. */
function isOpaque(value: object): boolean {
  return (
    value instanceof Date ||
    value instanceof RegExp ||
    value instanceof URL ||
    value instanceof Error ||
    ArrayBuffer.isView(value) ||
    value instanceof ArrayBuffer
  );
}
