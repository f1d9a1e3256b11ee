import { isPromise, TextIdGenerator, type MaybePromise } from '../../foundation/index.js';
import type { Type } from '../../messages/index.js';
import {
  JsonCodec,
  type Codec,
  type NewEvent,
  type Store,
  type StoredEvent,
  type StreamPayloads,
} from '../../store/index.js';
import type { EventList } from './event-list.js';
import { EventEncoder } from './event-encoder.js';
import { EventReader } from './event-reader.js';
import { metadataOf, type SharedMetadata } from './event-metadata.js';
import type { EventRegistryOptions, UnknownEventPolicy } from './event-registry.options.js';
import { EventType } from './event-type.js';
import { EventWire, type WireEvent } from './event-wire.js';
import { EventTypeConflictError, NotAnEventError, UnnamedEventError } from './events.errors.js';
import type { PayloadTransform } from './payload-transform.js';
import { PlacedMetadata } from './placed-metadata.js';
import type { RawEvent, RecordedEvent } from './recorded-event.js';
import { declaredSteps } from './upcast.decorator.js';
import { VersionSteps, type Downcaster, type UpcastTarget, type Upcaster, type VersionStep } from './version-steps.js';

/**
 * Knows the event classes of one application by their wire names: makes of an event what the store keeps, and of that
 * an instance of the class again, through upcasters where it was stored in an older version. Injectable.
 *
 * A class becomes known when it is named in `eventSourcing.events`, by an aggregate, a projection or
 * an upcaster, and when one of its events is appended.
 *
 * @example
 * ```ts
 * const registry = new EventRegistry(store).register(OrderPlaced, OrderShipped);
 * ```
 */
export class EventRegistry {
  /** What writes the fields of events on a store of text and bytes. */
  readonly codec: Codec;
  private readonly byName = new Map<string, EventType>();
  private readonly byPrototype = new Map<object, EventType>();
  private readonly upcasters = new VersionSteps('upcaster');
  private readonly downcasters = new VersionSteps('downcaster');
  private readonly transforms: PayloadTransform[];
  private readonly checks: ((type: EventType) => void)[] = [];
  private readonly ids = new TextIdGenerator();
  /** Only where a store keeps references: elsewhere what is kept is a text of its own for each event anyway. */
  private readonly placed: PlacedMetadata | undefined;
  private readonly encoder: EventEncoder;
  private readonly reader: EventReader;
  private readonly wire: EventWire;
  private readonly writeAs: Readonly<Record<string, number>>;
  private readonly needsNames: boolean;
  private readonly storeName: string;

  constructor(store: Pick<Store, 'capabilities'>, options: EventRegistryOptions = {}) {
    const { payload, durable, name } = store.capabilities;
    this.codec = options.codec ?? new JsonCodec();
    this.transforms = [...(options.transforms ?? [])];
    this.needsNames = durable;
    this.storeName = name;
    const codec = payload === 'encoded' ? this.codec : undefined;
    this.writeAs = options.writeAs ?? {};
    this.placed = codec === undefined ? new PlacedMetadata(this.ids.next()) : undefined;
    this.encoder = new EventEncoder(codec, this.downcasters);
    this.reader = new EventReader(codec, this.byName, this.upcasters);
    const { byName: types, upcasters, downcasters } = this;
    this.wire = new EventWire({
      codec: this.codec,
      types,
      upcasters,
      downcasters,
      typeOf: (event) => this.typeOf(event),
      prepareEncode: (events) => this.prepareEncode(events),
      prepareDecode: (events) => this.prepareDecode(events),
    });
  }

  /**
   * Makes classes known. A class may be registered again.
   *
   * @throws {EventTypeConflictError} another class has the wire name
   */
  register(...events: readonly Type<object>[]): this {
    for (const event of events) this.typeOfClass(event);
    return this;
  }

  /** Everything known, in the order of registration. */
  get types(): readonly EventType[] {
    return [...this.byName.values()];
  }

  /** What is known under a wire name. */
  find(name: string): EventType | undefined {
    return this.byName.get(name);
  }

  /** What is known of a class; registers it. @throws {EventTypeConflictError} */
  typeOfClass(event: Type<object>): EventType {
    return this.byPrototype.get(event.prototype as object) ?? this.add(new EventType(event));
  }

  /**
   * What is known of the class of an event; registers it.
   *
   * @throws {NotAnEventError} {@link EventTypeConflictError}
   * @throws {UnnamedEventError} the class has no `@Event` and the store is durable
   */
  typeOf(event: object): EventType {
    const type = isInstance(event) ? this.byPrototype.get(Object.getPrototypeOf(event) as object) : undefined;
    const found = type ?? this.add(new EventType(classOf(event)));
    if (this.needsNames && !found.isExplicit) throw new UnnamedEventError(found.name, this.storeName);
    return found;
  }

  /**
   * The wire names under which events of these classes were ever stored: their names, and those they had before an
   * upcaster renamed them. For filters.
   */
  storedNames(events: readonly Type<object>[]): readonly string[] {
    const names = events.map((event) => this.typeOfClass(event).name);
    return [...new Set(names.flatMap((name) => [name, ...this.upcasters.formerNames(name)]))];
  }

  /**
   * Adds the step from one version of an event to the next, see {@link Upcast}.
   *
   * @throws {DuplicateUpcasterError} that version has a step
   */
  upcast(
    event: Type<object> | string,
    from: number,
    run: Upcaster,
    target: UpcastTarget & { readonly where?: string } = {},
  ): this {
    const type = this.nameOf(event);
    const { to = type, toVersion = to === type ? from + 1 : 1, where = 'registry.upcast' } = target;
    this.upcasters.add({ type, from, to, toVersion, where, run: run as VersionStep['run'] });
    this.forget();
    return this;
  }

  /**
   * Adds the step from a version of an event to the one before it, see {@link Downcast}.
   *
   * @throws {DuplicateUpcasterError} that version has a step
   */
  downcast(event: Type<object> | string, from: number, run: Downcaster, where = 'registry.downcast'): this {
    const type = this.nameOf(event);
    this.downcasters.add({ type, from, to: type, toVersion: from - 1, where, run: run as VersionStep['run'] });
    return this;
  }

  /** Adds the steps that the class of this object declares with {@link Upcast} and {@link Downcast}. */
  addSteps(instance: object): this {
    const owner = instance.constructor as Type<object>;
    for (const { kind, type, from, target, method } of declaredSteps(owner)) {
      const where = `${owner.name}.${method}`;
      const run = (instance as Record<string, Upcaster>)[method]?.bind(instance) as Upcaster;
      if (kind === 'upcast') this.upcast(type, from, run, { ...target, where });
      else this.downcast(type, from, run, where);
    }
    return this;
  }

  /** Adds what changes payloads on their way; before the first append or read. */
  addTransform(transform: PayloadTransform): this {
    this.transforms.push(transform);
    for (const type of this.byName.values()) this.chooseTransforms(type);
    return this;
  }

  /** Calls it with every class, those known and those to come; what it throws keeps the class from being registered. */
  addCheck(check: (type: EventType) => void): this {
    this.checks.push(check);
    for (const type of this.byName.values()) check(type);
    return this;
  }

  /** True when an append must wait for {@link prepareEncode} first. */
  get hasTransforms(): boolean {
    return this.transforms.length > 0;
  }

  /** Lets the transforms get ready for the events of one append. */
  prepareEncode(events: readonly object[]): MaybePromise<void> {
    return this.prepare((transform) => {
      if (transform.prepareEncode === undefined) return;
      const wanted = events.filter((event) => this.typeOf(event).transforms?.includes(transform));
      return wanted.length === 0 ? undefined : transform.prepareEncode(wanted);
    });
  }

  /** Lets the transforms get ready for the stored events of one page. */
  prepareDecode(events: readonly StoredEvent[]): MaybePromise<void> {
    return this.prepare((transform) => {
      if (transform.prepareDecode === undefined) return;
      const wanted = events.filter((event) => this.reader.typeOf(event)?.transforms?.includes(transform));
      return wanted.length === 0 ? undefined : transform.prepareDecode(wanted);
    });
  }

  /**
   * What the store keeps of an event. After {@link prepareEncode} when {@link hasTransforms}.
   *
   * @throws {NotAnEventError} {@link UnnamedEventError} {@link EventTypeConflictError} {@link DowncastError}
   * @throws {UnencodableValueError} naming the field that cannot be stored
   */
  encode(event: object, shared?: SharedMetadata, tags?: readonly string[]): NewEvent {
    const type = this.typeOf(event);
    return this.encoder.encode(type, event, metadataOf(this.ids.next(), type.writeVersion, shared), tags);
  }

  /**
   * Like {@link encode}, for events that nobody is told of before they are in the log: their ids may follow from their
   * positions there.
   */
  encodeUnseen(event: object, shared?: SharedMetadata, tags?: readonly string[]): NewEvent {
    const { placed } = this;
    if (placed === undefined) return this.encode(event, shared, tags);
    const type = this.typeOf(event);
    return this.encoder.encode(type, event, placed.of(type.writeVersion, shared), tags);
  }

  /**
   * The event as it was. After {@link prepareDecode} when {@link hasTransforms}.
   *
   * @returns undefined when its type is unknown and `unknown` is `skip`
   * @throws {UnknownEventTypeError} {@link NewerEventVersionError} {@link MissingUpcasterError} {@link UpcastError}
   * @throws {UnreadableEventError}
   */
  decode(stored: StoredEvent, unknown: UnknownEventPolicy = 'throw'): RecordedEvent<object | RawEvent> | undefined {
    return this.reader.record(stored, unknown);
  }

  /** Like {@link decode}, for who needs the event only: nothing else is made. */
  decodeEvent(stored: StoredEvent): object {
    return this.reader.event(stored);
  }

  /**
   * True when each of these payloads is an event already, an instance of a registered class: so it is on a store that
   * keeps references, unless something was changed on its way in.
   */
  areEvents(payloads: Pick<StreamPayloads, 'length' | 'at'>): payloads is EventList {
    // A stream has events of a few classes: comparing with those met so far takes a fifth of a look-up, and
    // `constructor` a fifth of `Object.getPrototypeOf`.
    const met: unknown[] = [];
    let last: unknown;
    for (let index = 0; index < payloads.length; index++) {
      const type = (payloads.at(index) as object | null | undefined)?.constructor;
      if (type === last && type !== undefined) continue;
      last = type;
      if (met.includes(type)) continue;
      if (typeof type !== 'function' || !this.byPrototype.has(type.prototype as object)) return false;
      met.push(type);
    }
    return true;
  }

  /** The same for one payload. */
  readonly isEvent = (payload: unknown): payload is object => {
    const type = (payload as object | null | undefined)?.constructor;
    return typeof type === 'function' && this.byPrototype.has(type.prototype as object);
  };

  /**
   * The fields of an event in an older version of its class, e.g. to send it to a program that knows only that.
   *
   * @throws {DowncastError}
   */
  inVersion(event: object, version: number): Readonly<Record<string, unknown>> {
    return this.encoder.inVersion(this.typeOf(event), event, version);
  }

  /** What a reader would stumble over, in words: versions without a step to the next one. For boot and for tests. */
  missingSteps(): readonly string[] {
    return this.reader.missingSteps();
  }

  /** An event as other programs get it: text or bytes, whatever the store keeps. @throws as {@link encode} */
  toWire(event: object): Promise<WireEvent> {
    return this.wire.write(event);
  }

  /**
   * The event that another program has sent, through upcasters where it is older.
   *
   * @param at when it was sent. Milliseconds since 1970.
   * @param what names it in errors, e.g. `message 42 of subscription "billing"`
   * @throws as {@link decode}
   */
  fromWire(event: WireEvent, at: number, what: string): Promise<object> {
    return this.wire.read(event, at, what);
  }

  private forget(): void {
    this.reader.forget();
    this.wire.forget();
  }

  private prepare(each: (transform: PayloadTransform) => MaybePromise<void>): MaybePromise<void> {
    const waiting: Promise<void>[] = [];
    for (const transform of this.transforms) {
      const done = each(transform);
      if (isPromise(done)) waiting.push(done);
    }
    return waiting.length === 0 ? undefined : Promise.all(waiting).then(() => undefined);
  }

  private add(type: EventType): EventType {
    const other = this.byName.get(type.name);
    if (other !== undefined) {
      const reason = `class ${other.eventClass.name} has that name already, class ${type.eventClass.name} wants it too. Give one of them another name with @Event`;
      throw new EventTypeConflictError(type.name, reason);
    }
    for (const check of this.checks) check(type);
    type.writeVersion = this.writeAs[type.name] ?? type.version;
    this.chooseTransforms(type);
    this.byName.set(type.name, type);
    this.byPrototype.set(type.eventClass.prototype as object, type);
    this.forget();
    return type;
  }

  private chooseTransforms(type: EventType): void {
    const own = this.transforms.filter((transform) => transform.appliesTo(type));
    type.transforms = own.length === 0 ? undefined : own;
  }

  private nameOf(event: Type<object> | string): string {
    return typeof event === 'string' ? event : this.typeOfClass(event).name;
  }
}

function isInstance(event: unknown): event is object {
  return typeof event === 'object' && event !== null;
}

function classOf(event: unknown): Type<object> {
  const prototype: unknown = isInstance(event) ? Object.getPrototypeOf(event) : null;
  const found = (prototype as { constructor?: unknown } | null)?.constructor;
  // A plain object, also one of another realm (Jest), has the prototype that everything ends with.
  const isPlain = prototype === null || Object.getPrototypeOf(prototype) === null;
  if (isPlain || Array.isArray(event) || typeof found !== 'function') throw new NotAnEventError(event);
  return found as Type<object>;
}
