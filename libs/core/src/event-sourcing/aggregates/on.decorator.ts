import { Command, messageName, Query, type Type } from '../../messages/index.js';
import { OnDecoratorError } from './aggregate.errors.js';

/** A method and the events it takes. */
export interface OnBinding {
  readonly method: string;
  readonly events: readonly Type<object>[];
}

/** Decorator of a method whose first parameter takes the events `E`; anything else does not compile. */
export type OnMethodDecorator<E extends object> = <M extends (event: E, ...rest: never[]) => unknown>(
  target: object,
  key: string | symbol,
  descriptor: TypedPropertyDescriptor<M>,
) => void;

// Own property of a prototype; what base classes say is found by walking up.
const BINDINGS = Symbol.for('catga:on');

/** Classes of the language that somebody may write by mistake for an event. */
const BUILT_IN: readonly unknown[] = [Object, Function, String, Number, Boolean, Array, Date, Map, Set, Promise, Error];

/**
 * Marks the method that takes an event: in an aggregate it changes the state, in a projection the read model. Several
 * events may be given. The method also gets instances of derived classes that have no method of their own.
 *
 * @throws {OnDecoratorError} at load: it stands on no method, or was given what is no event class
 * @example
 * ```ts
 * @On(OrderPlaced)
 * protected placed(event: OrderPlaced) { this.status = 'placed'; }
 * ```
 */
export function On<E extends object>(...events: readonly Type<E>[]): OnMethodDecorator<E> {
  return (target, key, descriptor) => {
    const place = placeOf(target, key);
    assertMethod(place, target, key, descriptor);
    if (events.length === 0) throw new OnDecoratorError(place, 'name the event it takes: @On(OrderPlaced).');
    for (const event of events) assertEvent(place, event);
    const own = ownBindings(target);
    Object.defineProperty(target, BINDINGS, {
      value: [...own.filter(({ method }) => method !== key), merged(own, key, events)],
      configurable: true,
    });
  };
}

/**
 * The methods of a class that `@On` marks, its base classes first. A method that a derived class overrides is listed
 * where the derived class decorates it again, otherwise where the base class does.
 */
export function readOnBindings(type: Type<object>): readonly OnBinding[] {
  const chain: object[] = [];
  for (let at = type.prototype as object | null; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    chain.unshift(at);
  }
  const found = new Map<string, OnBinding>();
  for (const prototype of chain) {
    for (const binding of ownBindings(prototype)) found.set(binding.method, binding);
  }
  return [...found.values()];
}

function merged(own: readonly OnBinding[], method: string, events: readonly Type<object>[]): OnBinding {
  const before = own.find((binding) => binding.method === method)?.events ?? [];
  return { method, events: [...new Set([...events, ...before])] };
}

function ownBindings(prototype: object): readonly OnBinding[] {
  return (Object.getOwnPropertyDescriptor(prototype, BINDINGS)?.value as readonly OnBinding[] | undefined) ?? [];
}

function placeOf(target: object, key: string | symbol | undefined): string {
  const owner = typeof target === 'function' ? target : (target as { constructor?: unknown }).constructor;
  const name = typeof owner === 'function' && owner.name !== '' ? owner.name : 'a class';
  return key === undefined ? name : `${name}.${String(key)}`;
}

function assertMethod(
  place: string,
  target: object,
  key: string | symbol,
  descriptor: PropertyDescriptor | undefined,
): asserts key is string {
  if (key === undefined) throw new OnDecoratorError(place, 'it belongs on a method, not on the class.');
  if (typeof target === 'function') throw new OnDecoratorError(place, 'a static method has no state. Drop "static".');
  if (typeof key === 'symbol') throw new OnDecoratorError(place, 'give the method a plain name.');
  if (typeof descriptor?.value !== 'function') {
    throw new OnDecoratorError(
      place,
      `it belongs on a method. Write \`${key}(event: …) { … }\` in place of a field or an accessor.`,
    );
  }
}

function assertEvent(place: string, event: unknown): void {
  if (event === undefined) {
    throw new OnDecoratorError(
      place,
      'the event is undefined: its file imports this one, directly or through others. Move the event into a file of its own.',
    );
  }
  // Arrow functions and methods have no prototype: no instance can be made of them.
  if (typeof event !== 'function' || typeof event.prototype !== 'object') {
    throw new OnDecoratorError(place, `${describe(event)} is no event class. Write the class: @On(OrderPlaced).`);
  }
  if (BUILT_IN.includes(event)) {
    throw new OnDecoratorError(place, `${event.name} is a class of the language, no event. Write a class of your own.`);
  }
  if (event.prototype instanceof Command || event.prototype instanceof Query) {
    const kind = event.prototype instanceof Command ? 'command' : 'query';
    throw new OnDecoratorError(
      place,
      `${messageName(event as Type)} is a ${kind}: it says what is asked, an event says what has happened. Name the event that it leads to.`,
    );
  }
}

function describe(value: unknown): string {
  if (typeof value === 'string') return `the text "${value}"`;
  if (typeof value === 'function') return `the function ${value.name === '' ? '(without a name)' : value.name}`;
  return value === null ? 'null' : `a value of type ${typeof value}`;
}
