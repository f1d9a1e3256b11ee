import { messageIdentity, type Type } from '../../messages/index.js';
import { eventTagger, type EventTagger } from './event-tags.decorator.js';
import type { DescribedEventType, EventData, PayloadTransform } from './payload-transform.js';

/** A registered event class: what its events are called, and how they are taken apart and put together. */
export class EventType<E extends object = object> implements DescribedEventType {
  /** Wire name. */
  readonly name: string;
  /** Version of the shape that the class has, from 1. */
  readonly version: number;
  /** False when the name is only the name of the class. */
  readonly isExplicit: boolean;
  readonly tagger: EventTagger | undefined;
  /** What changes its payload on the way; mostly undefined. */
  transforms: readonly PayloadTransform[] | undefined;
  /** Version that events are written in: that of the class, or an older one while older programs still run. */
  writeVersion: number;
  private readonly prototype: object;
  // Own fields that a plain assignment would run into a setter or a getter with: such classes take the slow way.
  private readonly hasAccessors: boolean;

  constructor(readonly eventClass: Type<E>) {
    const identity = messageIdentity(eventClass);
    this.name = identity.name;
    this.version = identity.version;
    this.writeVersion = identity.version;
    this.isExplicit = identity.isExplicit;
    this.tagger = eventTagger(eventClass);
    this.prototype = eventClass.prototype as object;
    this.hasAccessors = declaresAccessors(this.prototype);
  }

  /** True for an instance of exactly this class. */
  owns(event: object): boolean {
    return Object.getPrototypeOf(event) === this.prototype;
  }

  /** An event with these fields, all of them, also those that the class does not know. The constructor is not run. */
  revive(data: EventData): E {
    const event = Object.create(this.prototype) as object;
    if (!this.hasAccessors && !Object.hasOwn(data, '__proto__')) return Object.assign(event, data) as E;
    return Object.defineProperties(event, Object.getOwnPropertyDescriptors(data)) as E;
  }
}

function declaresAccessors(prototype: object): boolean {
  for (let at: object | null = prototype; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    // The accessor __proto__ of Object.prototype is looked for in the data instead.
    if (Object.hasOwn(at, 'isPrototypeOf')) return false;
    const found = Object.values(Object.getOwnPropertyDescriptors(at)).some((one) => !('value' in one));
    if (found) return true;
  }
  return false;
}
