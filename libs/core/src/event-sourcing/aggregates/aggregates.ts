import { messageIdentity, type Type } from '../../messages/index.js';
import type { EventLog } from '../log/index.js';
import type { SnapshotService } from '../snapshots/index.js';
import { AggregateDefinitionError, DuplicateAggregateError } from './aggregate.errors.js';
import { AggregateModel, type AggregateType, type AnyAggregate } from './aggregate-model.js';
import { AggregateRepository, type RepositoryParts } from './aggregate-repository.js';
import { ConflictRetry } from './conflict-retry.js';
import type { Decider } from './decider.js';
import { DeciderModel } from './decider-model.js';
import { DeciderRepository } from './decider-repository.js';
import type { StateModel, StreamOwner } from './state-model.js';
import { StateReader } from './state-reader.js';

/** What is known of a class of aggregates or a decider. */
interface Known {
  readonly model: StreamOwner;
  readonly repository: unknown;
}

/**
 * The repositories of one application. Injectable; mostly one injects a single repository instead, with
 * `@InjectRepository(Order)`.
 *
 * @example `await aggregates.repository(Order).load('42')`
 */
export class Aggregates {
  private readonly known = new Map<object, Known>();
  private readonly owners = new Map<string, string>();
  private readonly parts: RepositoryParts;

  constructor(
    private readonly log: EventLog,
    snapshots: SnapshotService,
  ) {
    this.parts = { log, snapshots, reader: new StateReader(log, snapshots), retry: new ConflictRetry() };
  }

  /**
   * The repository of a class; always the same one.
   *
   * @throws {AggregateDefinitionError} {@link DuplicateAggregateError} {@link EventTypeConflictError} at the first call
   */
  repository<A extends AnyAggregate>(type: AggregateType<A>): AggregateRepository<A> {
    return this.of(type, () => {
      const model = new AggregateModel(type);
      return { model, repository: new AggregateRepository(model, this.parts) };
    }).repository as AggregateRepository<A>;
  }

  /** The repository of a decider; always the same one. Errors as of {@link repository}. */
  decider<State, Command, Event extends object>(
    decider: Decider<State, Command, Event>,
  ): DeciderRepository<State, Command, Event> {
    return this.of(decider, () => {
      const model = new DeciderModel(decider);
      return { model, repository: new DeciderRepository(model, this.parts) };
    }).repository as DeciderRepository<State, Command, Event>;
  }

  /** How the states of a class of aggregates, or of a decider, are worked out. Errors as of {@link repository}. */
  modelOf(target: object): StateModel<unknown> {
    if (typeof target === 'function') this.repository(target as AggregateType<AnyAggregate>);
    else this.decider(target as Decider<unknown, unknown, object>);
    return this.known.get(target)?.model as StateModel<unknown>;
  }

  /** Categories of the streams of every aggregate and decider that was asked for, with their names. */
  categories(): ReadonlyMap<string, string> {
    return this.owners;
  }

  private of(target: object, make: () => Known): Known {
    const known = this.known.get(target);
    if (known !== undefined) return known;
    const made = make();
    const { category, name, events } = made.model;
    const owner = this.owners.get(category);
    if (owner !== undefined) throw new DuplicateAggregateError(category, owner, name);
    this.assertNamed(name, events);
    this.log.registry.register(...events);
    this.owners.set(category, name);
    this.known.set(target, made);
    return made;
  }

  /** An event without a name of its own is found out at boot, not when the first one is stored. */
  private assertNamed(name: string, events: readonly Type<object>[]): void {
    const { durable, name: store } = this.log.store.capabilities;
    if (!durable) return;
    const problems = events
      .filter((event) => !messageIdentity(event).isExplicit && !isBase(event, events))
      .map(
        (event) =>
          `event ${event.name} has no name to be stored under, and store "${store}" keeps events for longer than the name of a class may live. Write @Event('…') above it.`,
      );
    if (problems.length > 0) throw new AggregateDefinitionError(name, problems);
  }
}

/** True for a base class of other events: nothing is stored under its name. */
function isBase(event: Type<object>, events: readonly Type<object>[]): boolean {
  return events.some((other) => other.prototype instanceof event);
}
