import { CodecTypeConflictError } from '../codec.errors.js';
import { isBytesKind } from './bytes.js';

/** How instances of a class are stored. */
export interface CodecTypeOptions<T, D = unknown> {
  /** Kept with every stored instance: never change it. Default: the name of the class. */
  readonly name?: string;
  /** What to store. Default: the instance's own enumerable fields (of an error also message, stack and cause). */
  readonly encode?: (instance: T) => NoInfer<D>;
  /** The instance again. Default: an object of the class with those fields; the constructor is not called. */
  readonly decode?: (data: D) => T;
}

/** A class that instances can be made of. Any constructor will do: it is not called. */
// eslint-disable-next-line typescript/no-explicit-any -- `unknown[]` would refuse classes whose constructor has typed parameters
export type CodecClass<T> = abstract new (...args: any[]) => T;

/** A registered class. */
export interface CodecType {
  readonly name: string;
  readonly prototype: object;
  readonly encode: ((instance: never) => unknown) | undefined;
  readonly decode: ((data: never) => unknown) | undefined;
}

const BUILT_IN = ['undefined', 'number', 'bigint', 'object', 'Date', 'Map', 'Set', 'RegExp', 'URL', 'Error'];

/** The classes one codec knows. Never shared: two applications in one OS process may name their types alike. */
export class CodecTypes {
  private readonly byName = new Map<string, CodecType>();
  private readonly byPrototype = new Map<object, CodecType>();

  /** @throws {CodecTypeConflictError} */
  add<T, D>(type: CodecClass<T>, options: CodecTypeOptions<T, D>): void {
    const { name = type.name, encode, decode } = options;
    const prototype = type.prototype as object;
    if (name === '') throw new CodecTypeConflictError(name, 'the class has no name; give one');
    if (BUILT_IN.includes(name) || isBytesKind(name))
      throw new CodecTypeConflictError(name, 'the codec uses that name');
    if (this.byName.has(name)) throw new CodecTypeConflictError(name, 'another class has that name');
    const former = this.byPrototype.get(prototype);
    if (former !== undefined) throw new CodecTypeConflictError(name, `class ${type.name} is known as "${former.name}"`);
    const entry = { name, prototype, encode, decode } as CodecType;
    this.byName.set(name, entry);
    this.byPrototype.set(prototype, entry);
  }

  named(name: string): CodecType | undefined {
    return this.byName.get(name);
  }

  /** The nearest registered class that an instance inherits from, itself included. */
  nearest(instance: object): CodecType | undefined {
    let at = Object.getPrototypeOf(instance) as object | null;
    while (at !== null) {
      const found = this.byPrototype.get(at);
      if (found) return found;
      at = Object.getPrototypeOf(at) as object | null;
    }
    return undefined;
  }

  /** The type of exactly this prototype: a subclass may hold more than its parent's `encode` knows of. */
  of(prototype: object): CodecType | undefined {
    return this.byPrototype.get(prototype);
  }
}
