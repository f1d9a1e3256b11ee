import type { EventList } from '../events/index.js';
import { UnhandledAggregateEventError } from './aggregate.errors.js';
import { readAggregateMetadata } from './aggregate.decorator.js';
import type { SnapshotTrail } from '../snapshots/index.js';
import { EventDispatch, type OtherEvent } from './event-dispatch.js';

/** What an aggregate may be told apart by; its text is the second half of the name of its stream. */
export type AggregateId = string | number | bigint;

/** What repositories do to aggregates and nobody else should. */
interface AggregateInternals {
  /** Forgets the first `count` uncommitted events: they are stored now. */
  committed(aggregate: AggregateRoot<AggregateId>, count: number, version: number): void;
  /** Says that everything up to this version is in the state. */
  restored(aggregate: AggregateRoot<AggregateId>, version: number): void;
  /**
   * Applies stored events from a place in the list on. With `isEvent` it gives up, and answers false, at the first that
   * is none; those that a method is written for are.
   */
  replay(aggregate: AggregateRoot<AggregateId>, events: EventList, from: number, isEvent?: IsEvent): boolean;
  /** Calls back once, before the state changes again. */
  beforeChange(aggregate: AggregateRoot<AggregateId>, callback: (() => void) | undefined): void;
  /** What repositories remember of it. */
  notes(aggregate: AggregateRoot<AggregateId>): AggregateNotes;
}

/** Whether what a store keeps is an event already, see `EventRegistry.isEvent`. */
export type IsEvent = (payload: unknown) => boolean;

/** What repositories remember of an aggregate. */
export interface AggregateNotes {
  /** The save under way; never fails. */
  saving?: Promise<void> | undefined;
  /** What the next snapshot depends on. */
  trail?: SnapshotTrail | undefined;
  /** Its state is not that of its stream. */
  stale?: boolean;
}

/** Set once by the class itself, which alone can reach its private fields. */
export let aggregateInternals: AggregateInternals;

/**
 * Base of classes whose state follows from events. A command method checks the rules and raises events; methods marked
 * with `@On` change the state, when the event is raised and again whenever the aggregate is loaded. So the state is
 * changed nowhere else.
 *
 * The constructor gets the id and nothing else: repositories make aggregates with `new Order(id)`.
 *
 * @example
 * ```ts
 * @Aggregate('order')
 * export class Order extends AggregateRoot {
 *   private paid = 0;
 *
 *   pay(amount: number) {
 *     if (this.paid > 0) throw new DomainError('paid already');
 *     this.raise(new OrderPaid(this.id, amount));
 *   }
 *
 *   @On(OrderPaid)
 *   protected onPaid(event: OrderPaid) { this.paid += event.amount; }
 * }
 * ```
 */
export abstract class AggregateRoot<TId extends AggregateId = string> {
  // Private for the engine too: own enumerable fields are the state, see toSnapshot.
  readonly #id: TId;
  #version = 0;
  #uncommitted: object[] = [];
  #beforeChange: (() => void) | undefined;
  #notes: AggregateNotes | undefined;

  static {
    aggregateInternals = {
      committed: (aggregate, count, version) => {
        aggregate.#uncommitted = count === aggregate.#uncommitted.length ? [] : aggregate.#uncommitted.slice(count);
        aggregate.#version = version;
      },
      restored: (aggregate, version) => {
        aggregate.#version = version;
      },
      replay: (aggregate, events, from, isEvent) => aggregate.#replay(events, from, isEvent),
      beforeChange: (aggregate, callback) => {
        aggregate.#beforeChange = callback;
      },
      notes: (aggregate) => (aggregate.#notes ??= {}),
    };
  }

  constructor(id: TId) {
    this.#id = id;
  }

  get id(): TId {
    return this.#id;
  }

  /** Count of stored events that the state is made of; uncommitted ones do not count. 0: never saved. */
  get version(): number {
    return this.#version;
  }

  /** Events raised since the aggregate was loaded or saved, oldest first. */
  get uncommittedEvents(): readonly object[] {
    return this.#uncommitted;
  }

  /**
   * Takes the uncommitted events as stored. Repositories do it themselves; call it only where you store events without
   * one.
   */
  markCommitted(): void {
    const count = this.#uncommitted.length;
    aggregateInternals.committed(this, count, this.#version + count);
  }

  /**
   * Applies stored events, oldest first, on top of what was loaded before.
   *
   * @throws {UnhandledAggregateEventError}
   */
  loadFromHistory(events: Iterable<object>): void {
    this.#replay([...events], 0);
  }

  /**
   * The state as snapshots keep it and time travel shows it. Default: the own enumerable fields. Override it, together
   * with {@link fromSnapshot}, when the state has objects with methods or ES private (`#`) fields.
   */
  toSnapshot(): unknown {
    return Object.assign({}, this);
  }

  /** Takes over a state that {@link toSnapshot} gave. The object belongs to the aggregate. */
  fromSnapshot(state: unknown): void {
    Object.assign(this, state);
  }

  /**
   * Changes the state by the event and keeps it for the next save. When the change throws, the event is not kept.
   *
   * @throws {UnhandledAggregateEventError} when no method takes it
   */
  protected raise(event: object): void {
    this.#changes();
    this.evolve(event);
    this.#uncommitted.push(event);
  }

  /**
   * Changes the state by one event; must depend on nothing but the state and the event. Default: the method that `@On`
   * marks for its class. Override it to write the whole fold in one place; then list the events in `@Aggregate`.
   *
   * @throws {UnhandledAggregateEventError} unless the class says `unhandledEvents: 'ignore'`
   */
  protected evolve(event: object): void {
    if (!EventDispatch.of(prototypeOf(this)).apply(this, event)) this.#unhandled(event);
  }

  #replay(events: EventList, from: number, isEvent?: IsEvent): boolean {
    this.#changes();
    const other: OtherEvent = (event, hasMethod) => {
      if (isEvent?.(event) === false) return false;
      if (!hasMethod) this.#unhandled(event as object);
      return true;
    };
    // Only a class that evolves by itself needs the call by name for each event.
    if (this.evolve === AggregateRoot.prototype.evolve) {
      if (!EventDispatch.of(prototypeOf(this)).applyAll(this, events, from, other)) return false;
    } else {
      for (let at = from; at < events.length; at++) {
        const event = events.at(at);
        if (isEvent?.(event) === false) return false;
        this.evolve(event as object);
      }
    }
    this.#version += events.length - from;
    return true;
  }

  #changes(): void {
    const callback = this.#beforeChange;
    if (callback === undefined) return;
    this.#beforeChange = undefined;
    callback();
  }

  #unhandled(event: object): void {
    if (readAggregateMetadata(this.constructor)?.unhandledEvents === 'ignore') return;
    throw new UnhandledAggregateEventError(this.constructor.name, event.constructor.name);
  }
}

function prototypeOf(aggregate: object): object {
  return Object.getPrototypeOf(aggregate) as object;
}
