import type { Type } from '../../messages/index.js';
import type { EventList } from '../events/index.js';
import { readOnBindings } from './on.decorator.js';
import { replayLoop, type EventMethod, type ReplayLoop } from './replay-loop.js';

/** See {@link EventDispatch.applyAll}. */
export type OtherEvent = (event: object | undefined, hasMethod: boolean) => boolean;

const NO_METHOD: EventMethod = () => undefined;
const DISPATCH = Symbol('catga:event-dispatch');

/** Classes that are compared one by one: for so few that is quicker than a look-up in a Map. */
const SCANNED = 8;

/** Finds the method of a class for an event by the event's class: one look-up, made once per class of aggregate. */
export class EventDispatch {
  /** Also holds derived event classes once they were met, and classes that have no method. */
  private readonly methods = new Map<unknown, EventMethod>();
  // The same for its own classes, the first few side by side.
  private readonly classes: unknown[];
  private readonly handlers: readonly EventMethod[];
  private readonly names: readonly string[];
  /** Made when a history is applied for the first time. */
  private loop: ReplayLoop | undefined;
  /** Every event class that has a method. */
  readonly events: readonly Type<object>[];

  private constructor(private readonly prototype: object) {
    const methods = prototype as Record<string, EventMethod>;
    const names = new Map<unknown, string>();
    for (const { method, events } of readOnBindings((prototype as { constructor: Type<object> }).constructor)) {
      for (const event of events) {
        this.methods.set(event, methods[method] as EventMethod);
        names.set(event, method);
      }
    }
    this.events = [...this.methods.keys()] as Type<object>[];
    this.classes = this.events.slice(0, SCANNED);
    this.handlers = [...this.methods.values()];
    this.names = [...names.values()];
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

  /**
   * The same for each of the events from a place in the list on.
   *
   * @param other called with an event that no method is written for, before the method of its base class gets it: true to
   *   go on. It is told whether there is such a method
   * @returns false when `other` has stopped it
   */
  applyAll(target: object, events: EventList, from: number, other: OtherEvent): boolean {
    const loop = (this.loop ??= replayLoop(this.events, this.names));
    const { cells = asArray(events), start = 0, step = 1 } = events;
    const end = start + events.length * step;
    for (
      let at = loop(target, cells, start + from * step, end, step);
      at < end;
      at = loop(target, cells, at + step, end, step)
    ) {
      const event = cells[at] as object | undefined;
      const method = this.methodFor(event);
      if (!other(event, method !== NO_METHOD)) return false;
      method.call(target, event as object);
    }
    return true;
  }

  /** {@link NO_METHOD} also for what is no event at all. */
  private methodFor(event: object | undefined): EventMethod {
    const type: unknown = event?.constructor;
    if (!event || typeof type !== 'function') return NO_METHOD;
    return this.methodOf(type) ?? this.inherited(event);
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

function asArray(events: EventList): readonly unknown[] {
  return Array.isArray(events) ? events : Array.from({ length: events.length }, (_, index) => events.at(index));
}
