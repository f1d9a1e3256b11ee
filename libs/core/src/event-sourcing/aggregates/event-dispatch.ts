import type { Type } from '../../messages/index.js';
import type { EventList } from '../events/index.js';
import { readOnBindings } from './on.decorator.js';

/** A method that takes an event; called with the aggregate as `this`. */
export type EventMethod = (this: object, event: object) => unknown;

const NO_METHOD: EventMethod = () => undefined;
const DISPATCH = Symbol('catga:event-dispatch');

/** Classes that are compared one by one: for so few that is quicker than a look-up in a Map. */
const SCANNED = 8;

/** Finds the method of a class for an event by the event's class: one look-up, made once per class of aggregate. */
export class EventDispatch {
  /** Also holds derived event classes once they were met, and classes that have no method. */
  private readonly methods = new Map<unknown, EventMethod>();
  // The first few of the same, side by side.
  private readonly classes: unknown[];
  private readonly handlers: EventMethod[];
  /** Every event class that has a method. */
  readonly events: readonly Type<object>[];

  private constructor(private readonly prototype: object) {
    const methods = prototype as Record<string, EventMethod>;
    for (const { method, events } of readOnBindings((prototype as { constructor: Type<object> }).constructor)) {
      for (const event of events) this.methods.set(event, methods[method] as EventMethod);
    }
    this.events = [...this.methods.keys()] as Type<object>[];
    this.classes = this.events.slice(0, SCANNED);
    this.handlers = [...this.methods.values()].slice(0, SCANNED);
  }

  /** The dispatch of a class, made at the first call and kept on its prototype. */
  static of(prototype: object): EventDispatch {
    const found = (prototype as { [DISPATCH]?: EventDispatch })[DISPATCH];
    // A derived class sees its base's dispatch until it has its own.
    if (found?.prototype === prototype) return found;
    const dispatch = new EventDispatch(prototype);
    Object.defineProperty(prototype, DISPATCH, { value: dispatch });
    return dispatch;
  }

  /** Calls the method; false when there is none. */
  apply(target: object, event: object): boolean {
    const method = this.methodOf(event.constructor) ?? this.inherited(event);
    if (method === NO_METHOD) return false;
    method.call(target, event);
    return true;
  }

  /** The same for each of the events from a place in the list on; `unhandled` gets those without a method. */
  applyAll(target: object, events: EventList, from: number, unhandled: (event: object) => void): void {
    let type: unknown;
    let method = NO_METHOD;
    for (let at = from; at < events.length; at++) {
      const event = events.at(at) as object;
      // Neighbours are often of one class.
      if (event.constructor !== type) {
        type = event.constructor;
        method = this.methodOf(type) ?? this.inherited(event);
      }
      if (method === NO_METHOD) unhandled(event);
      else method.call(target, event);
    }
  }

  private methodOf(eventClass: unknown): EventMethod | undefined {
    const { classes } = this;
    for (let at = 0; at < classes.length; at++) if (classes[at] === eventClass) return this.handlers[at];
    return this.methods.get(eventClass);
  }

  /** Of a class that was not met before: the method of its nearest base class. */
  private inherited(event: object): EventMethod {
    let base = Object.getPrototypeOf(event.constructor) as unknown;
    while (typeof base === 'function' && !this.methods.has(base)) base = Object.getPrototypeOf(base) as unknown;
    const method = this.methods.get(base) ?? NO_METHOD;
    this.methods.set(event.constructor, method);
    return method;
  }
}
