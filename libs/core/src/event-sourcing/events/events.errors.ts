import { CatgaError, type CatgaErrorOptions } from '../../foundation/index.js';
import type { StoredEvent } from '../../store/index.js';

/** Where an event is: for messages and details. */
export type EventPlace = Pick<StoredEvent, 'stream' | 'version' | 'position'>;

/** The place of an event that lies in no log: positions there begin with 1. */
export function placeOnTheWay(what: string): EventPlace {
  return { stream: what, version: 0, position: 0 };
}

function placeText({ stream, version, position }: EventPlace): string {
  if (position === 0) return stream;
  return `event ${version} of stream "${stream}" (position ${position})`;
}

/** The log holds an event of a type that this program does not know. */
export class UnknownEventTypeError extends CatgaError {
  readonly code = 'CATGA_UNKNOWN_EVENT_TYPE';
  readonly kind = 'configuration';
  constructor(
    readonly type: string,
    place: EventPlace,
    nearest?: string,
  ) {
    super(
      `There is no class for event type "${type}", which is ${placeText(place)}. ${nearest ? `Known is "${nearest}". ` : ''}` +
        `Register its class: CatgaModule.forRoot({ eventSourcing: { events: [...] } }); if it was renamed, write an upcaster to the new name; or read with unknown: 'skip' or 'raw'.`,
      { details: { type, ...place } },
    );
  }
}

/** The event was stored in a newer shape than this program knows: a newer deployment has written it. */
export class NewerEventVersionError extends CatgaError {
  readonly code = 'CATGA_NEWER_EVENT_VERSION';
  readonly kind = 'configuration';
  constructor(type: string, stored: number, known: number, place: EventPlace) {
    super(
      `Event "${type}" was stored in version ${stored}, this program knows version ${known}: ${placeText(place)}. A newer deployment wrote it. ` +
        `Deploy the newer class here as well; while both run, let the newer one write the older version with eventSourcing.writeAs: { '${type}': ${known} }.`,
      { details: { type, stored, known, ...place } },
    );
  }
}

/** A step from one version of an event to the next is missing. */
export class MissingUpcasterError extends CatgaError {
  readonly code = 'CATGA_MISSING_UPCASTER';
  readonly kind = 'configuration';
  constructor(type: string, from: number, to: number, place: EventPlace) {
    super(
      `Event "${type}" was stored in version ${from} and there is no way to version ${to}: ${placeText(place)}. ` +
        `Write the missing step: @Upcast('${type}', ${from}) on a method of a provider, or registry.upcast('${type}', ${from}, (data) => …).`,
      { details: { type, from, to, ...place } },
    );
  }
}

/** An upcaster threw, or gave no object. Nothing was changed in the log. */
export class UpcastError extends CatgaError {
  readonly code = 'CATGA_UPCAST_FAILED';
  readonly kind = 'internal';
  constructor(type: string, from: number, reason: string, place: EventPlace, options?: CatgaErrorOptions) {
    super(
      `The upcaster of "${type}" from version ${from} failed on ${placeText(place)}: ${reason}. Correct it so that it takes this event; the log is as it was.`,
      { ...options, details: { type, from, reason, ...place } },
    );
  }
}

/** A downcaster is missing, threw, or gave no object. */
export class DowncastError extends CatgaError {
  readonly code = 'CATGA_DOWNCAST_FAILED';
  readonly kind = 'internal';
  constructor(type: string, from: number, to: number, reason: string, options?: CatgaErrorOptions) {
    super(
      `Event "${type}" cannot be given in version ${to}, the step from version ${from} failed: ${reason}. ` +
        `Write or correct @Downcast('${type}', ${from}), or registry.downcast('${type}', ${from}, (data) => …).`,
      { ...options, details: { type, from, to, reason } },
    );
  }
}

/** A stored event that cannot be read: written by another codec, damaged, or no object. */
export class UnreadableEventError extends CatgaError {
  readonly code = 'CATGA_UNREADABLE_EVENT';
  readonly kind = 'internal';
  constructor(type: string, reason: string, place: EventPlace, options?: CatgaErrorOptions) {
    super(
      `Event "${type}", ${placeText(place)}, cannot be read: ${reason}. Use the codec and the keys that wrote it, or look at it in the store.`,
      { ...options, details: { type, reason, ...place } },
    );
  }
}

/** An event that is no instance of a class. Nothing was appended. */
export class NotAnEventError extends CatgaError {
  readonly code = 'CATGA_NOT_AN_EVENT';
  readonly kind = 'request';
  constructor(value: unknown) {
    const what =
      value === null
        ? 'null'
        : typeof value === 'object'
          ? Array.isArray(value)
            ? 'an array'
            : 'a plain object'
          : `a value of type ${typeof value}`;
    super(
      `Events are instances of classes, this is ${what}. Write a class, e.g. @Event('order-placed') class OrderPlaced { … }, and append new OrderPlaced(…).`,
      { details: { what } },
    );
  }
}

/** An event without a wire name, on its way into a store that outlives this program. Nothing was appended. */
export class UnnamedEventError extends CatgaError {
  readonly code = 'CATGA_EVENT_WITHOUT_NAME';
  readonly kind = 'configuration';
  constructor(className: string, store: string) {
    super(
      `Class ${className} has no wire name, and store "${store}" keeps events for longer than the name of a class may live. Write @Event('${kebab(className)}') above it.`,
      { details: { className, store } },
    );
  }
}

/** Two classes under one wire name, or a name or version that contradicts what is registered. */
export class EventTypeConflictError extends CatgaError {
  readonly code = 'CATGA_EVENT_TYPE_CONFLICT';
  readonly kind = 'configuration';
  constructor(type: string, reason: string) {
    super(`Event type "${type}" cannot be registered: ${reason}.`, { details: { type } });
  }
}

/** Two upcasters, or two downcasters, from one version of an event. */
export class DuplicateUpcasterError extends CatgaError {
  readonly code = 'CATGA_UPCASTER_DUPLICATE';
  readonly kind = 'configuration';
  constructor(what: 'upcaster' | 'downcaster', type: string, from: number, first: string, second: string) {
    super(
      `Event "${type}" has two ${what}s from version ${from}: ${first} and ${second}. Remove one; a step from version to version is taken in one way.`,
      { details: { type, from, first, second } },
    );
  }
}

function kebab(name: string): string {
  return name.replaceAll(/(?<=[\p{Ll}\d])(?=\p{Lu})|(?<=\p{Lu})(?=\p{Lu}\p{Ll})/gu, '-').toLowerCase();
}
