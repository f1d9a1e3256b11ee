import { UndecodablePayloadError, UnknownCodecTypeError } from '../codec.errors.js';
import { bytesFromText, isBytesKind } from './bytes.js';
import type { CodecType, CodecTypes } from './codec-types.js';
import { TYPE_KEY } from './plain-json.js';
import { restoreError, type ErrorData } from './restored-error.js';
import { ValuePath } from './value-path.js';

type Fields = Record<string, unknown>;

/** Turns a parsed tree back into the value; works in place, as the tree belongs to nobody else. Made for one value. */
export class JsonDecoder {
  private readonly path = new ValuePath();

  constructor(private readonly types: CodecTypes) {}

  /** @throws {UnknownCodecTypeError} @throws {UndecodablePayloadError} */
  value(tree: unknown): unknown {
    if (typeof tree !== 'object' || tree === null) return tree;
    if (Array.isArray(tree)) return this.items(tree);
    return Object.hasOwn(tree, TYPE_KEY) ? this.tagged(tree as Fields) : this.fields(tree as Fields);
  }

  private items(tree: unknown[]): unknown[] {
    for (let at = 0; at < tree.length; at++) tree[at] = this.path.within(at, () => this.value(tree[at]));
    return tree;
  }

  private fields(tree: Fields): Fields {
    for (const key of Object.keys(tree)) {
      const before = tree[key];
      const value = this.path.within(key, () => this.value(before));
      if (value !== before) assign(tree, key, value);
    }
    return tree;
  }

  private tagged(tree: Fields): unknown {
    const name = tree[TYPE_KEY];
    if (typeof name !== 'string') throw this.damaged(`its ${TYPE_KEY} is not text`);
    const registered = this.types.named(name);
    if (registered !== undefined) return this.registered(registered, tree['value']);
    try {
      return this.builtIn(name, tree['value']);
    } catch (error) {
      if (error instanceof RangeError || error instanceof SyntaxError || error instanceof TypeError) {
        throw this.damaged(`it is marked "${name}" but does not hold one`, error);
      }
      throw error;
    }
  }

  private builtIn(name: string, value: unknown): unknown {
    switch (name) {
      case 'undefined':
        return undefined;
      case 'number':
        return Number(value);
      case 'bigint':
        return BigInt(value as string);
      case 'object':
        return this.fields(value as Fields);
      case 'Date':
        return new Date((value as string | null) ?? Number.NaN);
      case 'Map':
        return new Map(this.items(value as unknown[]) as [unknown, unknown][]);
      case 'Set':
        return new Set(this.items(value as unknown[]));
      case 'RegExp': {
        const { source, flags, lastIndex } = value as { source: string; flags: string; lastIndex: number };
        return Object.assign(new RegExp(source, flags), { lastIndex });
      }
      case 'URL':
        return new URL(value as string);
      case 'Error':
        return this.unknownError(this.error(value));
      default:
        if (isBytesKind(name)) return bytesFromText(name, value as string);
        throw new UnknownCodecTypeError(name, this.path.toString());
    }
  }

  private registered({ prototype, decode }: CodecType, value: unknown): unknown {
    if (decode !== undefined) return decode(this.value(value) as never);
    if (prototype instanceof Error) return restoreError(this.error(value), prototype);
    const fields = this.fields(value as Fields);
    const instance = Object.create(prototype) as Fields;
    for (const key of Object.keys(fields)) define(instance, key, fields[key]);
    return instance;
  }

  /** An error whose own class nobody has registered; its parent may be known. */
  private unknownError(data: ErrorData): Error {
    const base = data.base === undefined ? undefined : this.types.named(data.base)?.prototype;
    return base instanceof Error ? restoreError(data, base) : restoreError(data);
  }

  private error(value: unknown): ErrorData {
    return this.fields(value as Fields) as unknown as ErrorData;
  }

  private damaged(reason: string, cause?: unknown): UndecodablePayloadError {
    return new UndecodablePayloadError('json', `${this.path.toString()}: ${reason}`, { cause });
  }
}

function assign(target: Fields, key: string, value: unknown): void {
  // Assigning to `__proto__` would change the prototype instead of the field.
  if (key === '__proto__') define(target, key, value);
  else target[key] = value;
}

/** Also past a setter or a read-only field of the class: the fields were own fields when they were stored. */
function define(target: Fields, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: true, writable: true, configurable: true });
}
