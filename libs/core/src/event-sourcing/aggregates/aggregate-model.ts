import { nearestName } from '../../foundation/index.js';
import type { Type } from '../../messages/index.js';
import type { EventList } from '../events/index.js';
import { readAggregateMetadata, type AggregateMetadata } from './aggregate.decorator.js';
import { AggregateDefinitionError } from './aggregate.errors.js';
import { aggregateInternals, AggregateRoot, type AggregateId } from './aggregate-root.js';
import { EventDispatch } from './event-dispatch.js';
import { readOnBindings } from './on.decorator.js';
import type { StateModel } from './state-model.js';

/** Any aggregate, whatever its id. */
export type AnyAggregate = AggregateRoot<AggregateId>;

/** A class of aggregates that repositories can make: its constructor needs nothing but the id. */
// eslint-disable-next-line typescript/no-explicit-any -- a class with `constructor(id: OrderId)` must fit
export type AggregateType<A> = new (id: any) => A;

/** The id type of a class of aggregates. */
export type IdOf<A> = A extends AggregateRoot<infer TId> ? TId : never;

/** Reads a class of aggregates once, and says everything that is wrong with it at once. */
export class AggregateModel<A extends AnyAggregate> implements StateModel<A> {
  readonly name: string;
  readonly category: string;
  readonly events: readonly Type<object>[];
  readonly snapshots: AggregateMetadata['snapshots'];
  private readonly capturesItself: boolean;

  /** @throws {AggregateDefinitionError} */
  constructor(readonly type: AggregateType<A>) {
    this.name = type.name;
    const prototype = type.prototype as AggregateRoot;
    this.capturesItself = prototype.toSnapshot !== AggregateRoot.prototype.toSnapshot;
    const metadata = readAggregateMetadata(type);
    const problems = problemsOf(type, metadata, this.capturesItself);
    if (metadata === undefined || problems.length > 0) throw new AggregateDefinitionError(type.name, problems);
    this.category = metadata.category;
    this.snapshots = metadata.snapshots;
    this.events = [...new Set([...EventDispatch.of(prototype).events, ...metadata.events])];
  }

  create(id: AggregateId): A {
    return new this.type(id);
  }

  replay(aggregate: A, events: EventList, from = 0): A {
    aggregateInternals.replay(aggregate, events, from);
    return aggregate;
  }

  replayKept(aggregate: A, payloads: EventList, isEvent: (payload: unknown) => boolean): A | undefined {
    return aggregateInternals.replay(aggregate, payloads, 0, isEvent) ? aggregate : undefined;
  }

  capture(aggregate: A): unknown {
    return aggregate.toSnapshot();
  }

  restore(id: AggregateId, captured: unknown, version: number): A {
    const aggregate = this.create(id);
    aggregate.fromSnapshot(captured);
    aggregateInternals.restored(aggregate, version);
    return aggregate;
  }

  fields(id: AggregateId): string | undefined {
    return this.capturesItself ? undefined : Object.keys(this.create(id)).join(' ');
  }
}

function problemsOf(
  type: AggregateType<AnyAggregate>,
  metadata: AggregateMetadata | undefined,
  capturesItself: boolean,
): string[] {
  if (typeof type !== 'function' || !(type.prototype instanceof AggregateRoot)) {
    return ['it does not extend AggregateRoot. Write: class Order extends AggregateRoot { … }.'];
  }
  if (metadata === undefined) {
    return [
      "it has no name of its own for its streams. Write @Aggregate('order') above the class; base classes do not count.",
    ];
  }
  const problems: string[] = [];
  if (type.length > 1) {
    problems.push(
      `its constructor wants ${type.length} arguments, but it is made with new ${type.name}(id) when it is loaded. Take the id only, and set the rest by an event that a static method raises: static place(id, customer) { … }.`,
    );
  }
  const own = type.prototype as unknown as { evolve: unknown };
  const overridesEvolve = own.evolve !== (AggregateRoot.prototype as unknown as { evolve: unknown }).evolve;
  if (readOnBindings(type).length === 0) {
    if (!overridesEvolve)
      problems.push('no event changes it. Write @On(OrderPlaced) above the methods that change its state.');
    else if (metadata.events.length === 0) {
      problems.push(
        "it evolves by itself, so its events are not known. List them: @Aggregate('order', { events: [OrderPlaced] }).",
      );
    }
  }
  problems.push(...twoMethodsForOneEvent(type), ...forgottenMethods(type, metadata));
  if (metadata.snapshots !== undefined && !capturesItself && hasPrivateFields(type)) {
    problems.push(
      'it has ES private (#) fields, which a snapshot would lose. Write `private` (TypeScript) in place of #, or override toSnapshot and fromSnapshot.',
    );
  }
  return problems;
}

function twoMethodsForOneEvent(type: Type<object>): string[] {
  const first = new Map<Type<object>, string>();
  const problems: string[] = [];
  for (const { method, events } of readOnBindings(type)) {
    for (const event of events) {
      const other = first.get(event);
      if (other === undefined) first.set(event, method);
      else problems.push(`both ${other} and ${method} take ${event.name}. Remove one @On(${event.name}).`);
    }
  }
  return problems;
}

/** Methods called `on<Event>` without the decorator: written in the style of other libraries, they would never be called. */
function forgottenMethods(type: Type<object>, metadata: AggregateMetadata): string[] {
  const bindings = readOnBindings(type);
  const handled = new Map(bindings.flatMap(({ events }) => events).map((event) => [event.name, event]));
  const known = new Map([...handled, ...metadata.events.map((event) => [event.name, event] as const)]);
  const marked = new Set(bindings.map(({ method }) => method));
  const problems: string[] = [];
  for (const method of methodsOf(type.prototype as object)) {
    const named = /^on(\p{Lu}.*)$/u.exec(method)?.[1];
    if (named === undefined || marked.has(method)) continue;
    // A near miss counts only for events that nobody takes: `onHold` may well stand beside an event `Sold`.
    const open = [...known.keys()].filter((name) => !handled.has(name));
    const event = known.has(named) ? named : nearestName(named, open);
    if (event === undefined) continue;
    problems.push(
      handled.has(event)
        ? `method ${method} is named for ${event} but is never called, another method takes it. Remove it or give it another name.`
        : `method ${method} is never called: it lacks the decorator. Write @On(${event}) above it.`,
    );
  }
  return problems;
}

function methodsOf(prototype: object): string[] {
  const names: string[] = [];
  for (let at = prototype; at !== AggregateRoot.prototype; at = Object.getPrototypeOf(at) as object) {
    names.push(...Object.getOwnPropertyNames(at));
  }
  return [...new Set(names)];
}

/** By its source: nothing else sees them from outside. Texts and comments are taken out, so that they do not count. */
function hasPrivateFields(type: Type<object>): boolean {
  for (let at: unknown = type; at !== AggregateRoot && typeof at === 'function'; at = Object.getPrototypeOf(at)) {
    const code = Function.prototype.toString
      .call(at)
      .replaceAll(/\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|`(?:\\.|[^`\\])*`/g, '""');
    if (/(?:this|other|[\w$)\]])\s*\.\s*#[\w$]+|^\s*(?:static\s+)?#[\w$]+\s*[;=(]/m.test(code)) return true;
  }
  return false;
}
