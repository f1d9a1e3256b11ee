/** What {@link toJsonView} keeps of big values. */
export interface ViewLimits {
  /** Characters of one text. Default 20,000. */
  readonly text: number;
  /** Items of one array, Set or Map, and fields of one object. Default 1,000. */
  readonly items: number;
  /** Levels of nesting. Default 32. */
  readonly depth: number;
  /** Values in all. Default 50,000. */
  readonly values: number;
}

/** The limits that hold unless the options say otherwise. */
export const DEFAULT_VIEW_LIMITS: ViewLimits = { text: 20_000, items: 1_000, depth: 32, values: 50_000 };

/** Options of {@link toJsonView}. */
export interface ViewOptions {
  /** Names of fields whose value is replaced by `[redacted]`, at any depth, in any case. */
  readonly redact?: Iterable<string>;
  readonly limits?: Partial<ViewLimits>;
  /** Keep the `stack` of errors. Default false: stacks name files and versions. */
  readonly stacks?: boolean;
}

/** What stands in place of a redacted value. */
export const REDACTED = '[redacted]';

/**
 * A copy of any value that `JSON.stringify` can write, for people to read; it is not meant to be read back. Never
 * throws.
 *
 * | value | becomes |
 * | --- | --- |
 * | bigint, NaN, ±Infinity | their text |
 * | Date | ISO text, `Invalid Date` when it is none |
 * | Map | an object when all keys are texts, else an array of `[key, value]` |
 * | Set, typed arrays of numbers | an array |
 * | Buffer, Uint8Array, ArrayBuffer | `base64:…` |
 * | Error | `{ name, message, code?, cause?, …own fields }`, without its stack |
 * | URL, RegExp | their text |
 * | an object with `toJSON` | what that gives |
 * | function, symbol | `[function name]`, `[symbol name]` |
 * | undefined in an array | null; in an object it is left out |
 * | a value inside itself | `[circular]` |
 * | what is over a limit | cut, with a note in its place: `… (120 more characters)`, `… (7 more items)` |
 */
export function toJsonView(value: unknown, options: ViewOptions = {}): unknown {
  return new ViewWriter(options).write(value, 0);
}

/** One run of {@link toJsonView}: counts values and knows the objects it is inside of. */
class ViewWriter {
  private readonly limits: ViewLimits;
  private readonly redact: ReadonlySet<string>;
  private readonly stacks: boolean;
  private readonly inside = new Set<object>();
  private values = 0;

  constructor(options: ViewOptions) {
    this.limits = { ...DEFAULT_VIEW_LIMITS, ...options.limits };
    this.redact = new Set([...(options.redact ?? [])].map((name) => name.toLowerCase()));
    this.stacks = options.stacks ?? false;
  }

  write(value: unknown, depth: number): unknown {
    if (++this.values > this.limits.values) return `… (cut after ${this.limits.values} values)`;
    switch (typeof value) {
      case 'string':
        return this.text(value);
      case 'number':
        return Number.isFinite(value) ? value : String(value);
      case 'bigint':
        return value.toString();
      case 'function':
        return `[function ${value.name || 'anonymous'}]`;
      case 'symbol':
        return `[symbol ${value.description ?? ''}]`;
      case 'object':
        return value === null ? null : this.object(value, depth);
      default:
        return value;
    }
  }

  private text(text: string): string {
    const over = text.length - this.limits.text;
    return over > 0 ? `${text.slice(0, this.limits.text)}… (${over} more characters)` : text;
  }

  private object(value: object, depth: number): unknown {
    if (this.inside.has(value)) return '[circular]';
    if (depth >= this.limits.depth) return `… (deeper than ${this.limits.depth} levels)`;
    this.inside.add(value);
    try {
      return this.known(value, depth + 1);
    } catch (error) {
      // A getter or proxy of the application threw: the rest of the view is still worth showing.
      return `[unreadable: ${error instanceof Error ? error.message : String(error)}]`;
    } finally {
      this.inside.delete(value);
    }
  }

  private known(value: object, depth: number): unknown {
    if (Array.isArray(value)) return this.list(value, value.length, depth);
    // By tag and not by instanceof: values may come from another realm, e.g. a test runner's.
    switch (Object.prototype.toString.call(value)) {
      case '[object Date]':
        return Number.isNaN(Number(value)) ? 'Invalid Date' : (value as Date).toISOString();
      case '[object Map]':
        return this.map(value as Map<unknown, unknown>, depth);
      case '[object Set]':
        return this.list(value as Set<unknown>, (value as Set<unknown>).size, depth);
      case '[object Error]':
        return this.error(value as Error, depth);
      case '[object RegExp]':
      case '[object URL]':
        return this.text((value as RegExp | URL).toString());
      case '[object ArrayBuffer]':
        return this.bytes(new Uint8Array(value as ArrayBuffer));
    }
    if (value instanceof Error) return this.error(value, depth);
    if (ArrayBuffer.isView(value)) return this.view(value, depth);
    const { toJSON } = value as { toJSON?: unknown };
    // Decimals, object ids and the like know their own text; their fields are nobody's business.
    if (typeof toJSON === 'function') return this.write(toJSON.call(value) as unknown, depth);
    return this.fields(Object.entries(value), depth);
  }

  private list(items: Iterable<unknown>, size: number, depth: number): unknown[] {
    const list: unknown[] = [];
    for (const item of items) {
      if (list.length === this.limits.items) break;
      list.push(this.write(item, depth) ?? null);
    }
    if (size > list.length) list.push(`… (${size - list.length} more items)`);
    return list;
  }

  private map(map: Map<unknown, unknown>, depth: number): unknown {
    const texts = [...map.keys()].every((key) => typeof key === 'string');
    return texts ? this.fields([...map] as [string, unknown][], depth) : this.list(map, map.size, depth);
  }

  private error(error: Error, depth: number): unknown {
    const { name, message, stack, cause } = error;
    const own = Object.entries(error).filter(([key]) => !['name', 'message', 'stack', 'cause'].includes(key));
    return this.fields([['name', name], ['message', message], ['stack', stack], ['cause', cause], ...own], depth);
  }

  private view(view: ArrayBufferView, depth: number): unknown {
    if (view instanceof Uint8Array || view instanceof DataView || !isIterable(view)) {
      return this.bytes(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
    }
    return this.list(view, (view as unknown as { length: number }).length, depth);
  }

  private bytes(bytes: Uint8Array): string {
    // Three bytes become four characters; cut before encoding, so that a big buffer is not encoded to be thrown away.
    const most = Math.floor(this.limits.text / 4) * 3;
    const kept = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, most)).toString('base64');
    return bytes.byteLength > most ? `base64:${kept}… (${bytes.byteLength - most} more bytes)` : `base64:${kept}`;
  }

  private fields(entries: readonly (readonly [string, unknown])[], depth: number): Record<string, unknown> {
    // Without a prototype, a field called __proto__ is a field like any other.
    const fields = Object.create(null) as Record<string, unknown>;
    const isError = !this.stacks && looksLikeError(entries);
    let count = 0;
    for (const [key, value] of entries) {
      if (value === undefined || (isError && key === 'stack')) continue;
      if (count++ === this.limits.items) {
        fields['…'] = `(${entries.length - this.limits.items} more fields)`;
        break;
      }
      fields[key] = this.redact.has(key.toLowerCase()) ? REDACTED : this.write(value, depth);
    }
    return fields;
  }
}

/** An error of the journal is a plain object: `{ name, message, stack }`. */
function looksLikeError(entries: readonly (readonly [string, unknown])[]): boolean {
  const has = (name: string): boolean => entries.some(([key, value]) => key === name && typeof value === 'string');
  return has('stack') && has('message');
}

function isIterable(value: object): value is Iterable<unknown> {
  return typeof (value as { [Symbol.iterator]?: unknown })[Symbol.iterator] === 'function';
}
