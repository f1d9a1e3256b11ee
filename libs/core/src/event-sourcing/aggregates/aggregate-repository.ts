import { chain, settle, type MaybePromise } from '../../foundation/index.js';
import type { EventLog } from '../log/index.js';
import type { SnapshotService, SnapshotTrail } from '../snapshots/index.js';
import { AggregateNotFoundError, StaleAggregateError } from './aggregate.errors.js';
import type { AggregateModel, AnyAggregate, IdOf } from './aggregate-model.js';
import { aggregateInternals } from './aggregate-root.js';
import { DEFAULT_ATTEMPTS, type ConflictRetry } from './conflict-retry.js';
import type { SaveOptions, SaveResult, UpdateOptions } from './repository.types.js';
import { streamOf } from './state-model.js';
import type { StateReader } from './state-reader.js';

/** What repositories share. */
export interface RepositoryParts {
  readonly log: EventLog;
  readonly reader: StateReader;
  readonly snapshots: SnapshotService;
  readonly retry: ConflictRetry;
}

const NO_OPTIONS: SaveOptions = Object.freeze({});

/**
 * Loads and saves the aggregates of one class. Inject it with `@InjectRepository(Order)`.
 *
 * @example
 * ```ts
 * @CommandHandler(PayOrder)
 * export class PayOrderHandler {
 *   constructor(@InjectRepository(Order) private readonly orders: AggregateRepository<Order>) {}
 *   execute(command: PayOrder, context: HandlerContext) {
 *     return this.orders.update(command.orderId, (order) => order.pay(command.amount), { context });
 *   }
 * }
 * ```
 */
export class AggregateRepository<A extends AnyAggregate> {
  constructor(
    private readonly model: AggregateModel<A>,
    private readonly parts: RepositoryParts,
  ) {}

  /** Name of the stream of an aggregate, to read it from the `EventLog`. @throws {InvalidAggregateIdError} */
  streamOf(id: IdOf<A>): string {
    return streamOf(this.model, id);
  }

  /**
   * The aggregate as its stored events make it.
   *
   * @throws {AggregateNotFoundError} nothing was ever saved under this id, or its stream is deleted
   * @throws {AggregateHistoryError} {@link UnknownEventTypeError} {@link StoreUnavailableError}
   */
  load(id: IdOf<A>): Promise<A> {
    return settle(() =>
      chain(this.read(id), (aggregate) => {
        if (aggregate.version === 0) throw this.notFound(id);
        return aggregate;
      }),
    );
  }

  /** Like {@link load}, but undefined when there is none. */
  async find(id: IdOf<A>): Promise<A | undefined> {
    const aggregate = await this.read(id);
    return aggregate.version === 0 ? undefined : aggregate;
  }

  /**
   * Stores the uncommitted events, all of them or none. The same aggregate may be saved again and again; saves of one
   * object at the same time are done one after another. When it fails the events are still uncommitted.
   *
   * @throws {VersionConflictError} somebody else has saved it since it was loaded: load it again, or use {@link update}
   * @throws {StaleAggregateError} {@link StreamClosedError} {@link RecordConflictError} {@link StoreUnavailableError}
   */
  save(aggregate: A, options: SaveOptions = NO_OPTIONS): Promise<SaveResult> {
    const notes = aggregateInternals.notes(aggregate);
    const saved =
      notes.saving === undefined
        ? this.write(aggregate, options)
        : notes.saving.then(() => this.write(aggregate, options));
    const end = (): void => {
      if (notes.saving === saving) notes.saving = undefined;
    };
    const saving: Promise<void> = saved.then(end, end);
    notes.saving = saving;
    return saved;
  }

  /**
   * Loads, changes and saves; after a conflict all of it again with what the others have saved. So the function may run
   * more than once: let it do nothing but change the aggregate.
   *
   * @param change may wait; what it returns is what the caller gets
   * @throws {AggregateNotFoundError} and whatever the function throws: then nothing is stored
   * @throws {VersionConflictError} every attempt met a conflict
   */
  update<R>(id: IdOf<A>, change: (aggregate: A) => MaybePromise<R>, options: UpdateOptions = NO_OPTIONS): Promise<R> {
    return this.change(
      id,
      (aggregate) => {
        if (aggregate.version === 0) throw this.notFound(id);
        return change(aggregate);
      },
      options,
    );
  }

  /** Like {@link update}, but when there is no aggregate the function gets a new one, of version 0. */
  updateOrCreate<R>(
    id: IdOf<A>,
    change: (aggregate: A) => MaybePromise<R>,
    options: UpdateOptions = NO_OPTIONS,
  ): Promise<R> {
    return this.change(id, change, options);
  }

  private change<R>(id: IdOf<A>, change: (aggregate: A) => MaybePromise<R>, options: UpdateOptions): Promise<R> {
    const { attempts = DEFAULT_ATTEMPTS, ...save } = options;
    return this.parts.retry.run(this.streamOf(id), attempts, async () => {
      const aggregate = await this.read(id);
      const answer = await change(aggregate);
      await this.save(aggregate, save);
      return answer;
    });
  }

  private read(id: IdOf<A>): MaybePromise<A> {
    return this.parts.reader.loadKept(this.model, id) ?? this.readLog(id);
  }

  private async readLog(id: IdOf<A>): Promise<A> {
    const { state, trail } = await this.parts.reader.load(this.model, id);
    if (trail !== undefined) aggregateInternals.notes(state).trail = trail;
    return state;
  }

  private async write(aggregate: A, options: SaveOptions): Promise<SaveResult> {
    const notes = aggregateInternals.notes(aggregate);
    if (notes.stale === true) throw new StaleAggregateError(this.model.name, String(aggregate.id));
    const expectedVersion = aggregate.version;
    // A copy: events raised while this is under way belong to the next save.
    const events = aggregate.uncommittedEvents.slice();
    if (events.length === 0 && options.records === undefined) {
      return { version: expectedVersion, position: undefined, repeated: false };
    }
    const stream = streamOf(this.model, aggregate.id);
    const { version, position, repeated } = await this.parts.log.append(stream, events, {
      ...options,
      expectedVersion,
    });
    if (repeated) notes.stale = true;
    aggregateInternals.committed(aggregate, events.length, version);
    if (this.model.snapshots !== undefined && !repeated) {
      this.snapshot(
        aggregate,
        stream,
        position,
        events,
        (notes.trail ??= { version: 0, oldestAt: undefined, bytes: 0 }),
      );
    }
    return { version, position, repeated };
  }

  private snapshot(
    aggregate: A,
    stream: string,
    position: number,
    events: readonly object[],
    trail: SnapshotTrail,
  ): void {
    const { model } = this;
    const { version, id } = aggregate;
    // With events that are not stored yet the state is ahead of its version.
    if (events.length === 0 || aggregate.uncommittedEvents.length > 0) return;
    const schema = model.snapshots?.version ?? 1;
    const job = this.parts.snapshots.saved(model, stream, version, events, trail, () => {
      return { version, position, schema, fields: model.fields(id), state: model.capture(aggregate) };
    });
    if (job !== undefined) aggregateInternals.beforeChange(aggregate, () => job.capture());
  }

  private notFound(id: IdOf<A>): AggregateNotFoundError {
    return new AggregateNotFoundError(this.model.name, String(id), this.streamOf(id));
  }
}
