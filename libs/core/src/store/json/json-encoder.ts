import { types as nodeTypes } from 'node:util';
import { UnencodableValueError } from '../codec.errors.js';
import { isDataPrototype, isPlainPrototype } from '../data-class.js';
import { bytesKind, bytesToText } from './bytes.js';
import type { CodecType, CodecTypes } from './codec-types.js';
import { DEEPEST, TYPE_KEY } from './plain-json.js';
import { errorData, isError } from './restored-error.js';
import { ValuePath } from './value-path.js';

/** A value as a tree that `JSON.stringify` writes without loss. */
type Tree = string | number | boolean | null | Tree[] | { [key: string]: Tree };

/** Turns one value into a tree of plain JSON in which everything else is tagged. Made for one value. */
export class JsonEncoder {
  private readonly path = new ValuePath();
  /** The objects the walk is inside of: meeting one again is a cycle; meeting one twice side by side is not. */
  private readonly inside = new Set<object>();

  constructor(private readonly types: CodecTypes) {}

  /** @throws {UnencodableValueError} */
  tree(value: unknown): Tree {
    switch (typeof value) {
      case 'string':
      case 'boolean':
        return value;
      case 'number':
        return Number.isFinite(value) && !Object.is(value, -0) ? value : tagged('number', numberText(value));
      case 'undefined':
        return { [TYPE_KEY]: 'undefined' };
      case 'bigint':
        return tagged('bigint', String(value));
      case 'object':
        return value === null ? null : this.guarded(value);
      default:
        throw this.refuse(`it is a ${typeof value}. Store data only, and leave this out.`);
    }
  }

  private guarded(value: object): Tree {
    if (this.inside.has(value)) throw this.refuse('it contains itself. Break the cycle, for example by storing an id.');
    if (this.path.depth >= DEEPEST) throw this.refuse(`it is nested more than ${DEEPEST} levels deep. Flatten it.`);
    this.inside.add(value);
    const tree = this.object(value);
    this.inside.delete(value);
    return tree;
  }

  private object(value: object): Tree {
    const prototype = Object.getPrototypeOf(value) as object | null;
    const registered = prototype === null ? undefined : this.types.of(prototype);
    if (registered !== undefined) return this.registered(value, registered);
    if (Array.isArray(value) && isArrayPrototype(prototype)) return this.items(value, (at) => at);
    if (isError(value)) return tagged('Error', this.error(value));
    return this.builtIn(value, className(prototype)) ?? this.data(value, prototype);
  }

  private builtIn(value: object, name: string): Tree | undefined {
    if (nodeTypes.isDate(value) && name === 'Date') {
      return tagged('Date', Number.isNaN(value.getTime()) ? null : value.toISOString());
    }
    if (nodeTypes.isMap(value) && name === 'Map') return tagged('Map', this.mapEntries(value));
    if (nodeTypes.isSet(value) && name === 'Set')
      return tagged(
        'Set',
        this.items([...value], (at) => ({ call: `values()[${at}]` })),
      );
    if (nodeTypes.isRegExp(value) && name === 'RegExp') {
      return tagged('RegExp', { source: value.source, flags: value.flags, lastIndex: value.lastIndex });
    }
    if (value instanceof URL && name === 'URL') return tagged('URL', value.href);
    const kind = bytesKind(value);
    return kind === undefined ? undefined : tagged(kind, bytesToText(value as ArrayBuffer));
  }

  private data(value: object, prototype: object | null): Tree {
    if (isBuiltInKind(value)) {
      throw this.refuse(`it is a ${className(prototype)}, a subclass that would come back as its parent. Register it.`);
    }
    const { toJSON } = value as { toJSON?: unknown };
    if (typeof toJSON === 'function') return this.tree(this.call('toJSON', () => toJSON.call(value, '')));
    if (isPlainPrototype(prototype) || isDataPrototype(prototype as object)) {
      const tree = this.fields(value);
      return Object.hasOwn(tree, TYPE_KEY) ? tagged('object', tree) : tree;
    }
    throw this.refuse(
      `it is an instance of ${className(prototype)}, which has methods and would come back without them. Store plain data, or register the class with the codec (registerType).`,
    );
  }

  private fields(value: object): Record<string, Tree> {
    const tree: Record<string, Tree> = {};
    for (const key of Object.keys(value)) {
      const visit = (): Tree => this.tree(this.call('getter', () => (value as Record<string, unknown>)[key]));
      setField(tree, key, this.path.within(key, visit));
    }
    return tree;
  }

  private items(values: readonly unknown[], step: (at: number) => number | { call: string }): Tree[] {
    const tree: Tree[] = [];
    // By index, so that holes are seen; they come back as undefined.
    for (let at = 0; at < values.length; at++) tree.push(this.path.within(step(at), () => this.tree(values[at])));
    return tree;
  }

  private mapEntries(map: ReadonlyMap<unknown, unknown>): Tree[] {
    const tree: Tree[] = [];
    for (const [key, value] of map) {
      const keyTree = this.path.within({ call: `keys()[${tree.length}]` }, () => this.tree(key));
      const name = typeof key === 'string' || typeof key === 'number' ? JSON.stringify(key) : `keys()[${tree.length}]`;
      tree.push([keyTree, this.path.within({ call: `get(${name})` }, () => this.tree(value))]);
    }
    return tree;
  }

  private registered(value: object, { name, encode }: CodecType): Tree {
    if (encode !== undefined) return tagged(name, this.tree(this.call('encode', () => encode(value as never))));
    // No escape for a `$type` among the fields: the tag already says that they are the class's own.
    return tagged(name, isError(value) ? this.error(value) : this.fields(value));
  }

  /** Runs code of the user's, so that its failure has a path. */
  private call<T>(what: string, run: () => T): T {
    try {
      return run();
    } catch (cause) {
      throw new UnencodableValueError(this.path.toString(), `its ${what} threw. See the cause.`, { cause });
    }
  }

  /** An error must always be storable, or a failure could not be recorded: what cannot be kept of it is left out. */
  private error(error: Error): Tree {
    const { fields, cause, errors, ...rest } = errorData(error);
    const tree = { ...rest } as Record<string, Tree>;
    const base = this.types.nearest(error);
    if (base !== undefined && base.encode === undefined) tree['base'] = base.name;
    if (Object.hasOwn(error, 'cause')) this.keep(tree, 'cause', cause);
    if (errors !== undefined) this.keep(tree, 'errors', errors);
    const kept: Record<string, Tree> = {};
    for (const [key, value] of Object.entries(fields ?? {})) this.keep(kept, key, value);
    return Object.keys(kept).length > 0 ? { ...tree, fields: kept } : tree;
  }

  private keep(target: Record<string, Tree>, key: string, value: unknown): void {
    const { depth } = this.path;
    const inside = [...this.inside];
    try {
      setField(
        target,
        key,
        this.path.within(key, () => this.tree(value)),
      );
    } catch (problem) {
      if (!(problem instanceof UnencodableValueError)) throw problem;
      // The walk stopped somewhere inside: go back to here.
      this.path.rewind(depth);
      this.inside.clear();
      for (const object of inside) this.inside.add(object);
    }
  }

  private refuse(reason: string): UnencodableValueError {
    return new UnencodableValueError(this.path.toString(), reason);
  }
}

function tagged(name: string, value: Tree): Tree {
  return { [TYPE_KEY]: name, value };
}

/** Assigning to `__proto__` would change the prototype instead of adding a field. */
function setField(target: Record<string, Tree>, key: string, value: Tree): void {
  if (key === '__proto__') {
    Object.defineProperty(target, key, { value, enumerable: true, writable: true, configurable: true });
  } else {
    target[key] = value;
  }
}

/** Kinds whose own `toJSON` would say less than they are. */
function isBuiltInKind(value: object): boolean {
  return nodeTypes.isDate(value) || value instanceof URL || ArrayBuffer.isView(value);
}

function numberText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

function className(prototype: object | null): string {
  const { constructor } = prototype ?? {};
  return typeof constructor === 'function' && constructor.name !== '' ? constructor.name : 'an unnamed class';
}

function isArrayPrototype(prototype: object | null): boolean {
  return (
    prototype === Array.prototype ||
    (className(prototype) === 'Array' && isPlainPrototype(Object.getPrototypeOf(prototype)))
  );
}
