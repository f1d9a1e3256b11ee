import type { AggregateId } from './aggregate-root.js';
import type { RepositoryParts } from './aggregate-repository.js';
import { DeciderEndedError } from './aggregate.errors.js';
import { DEFAULT_ATTEMPTS } from './conflict-retry.js';
import type { DeciderModel } from './decider-model.js';
import type { SaveResult, UpdateOptions } from './repository.types.js';
import { streamOf } from './state-model.js';
import type { Loaded } from './state-reader.js';

/** A state and the version of the stream it comes from; 0: nothing has happened yet. */
export interface DeciderState<State> {
  readonly state: State;
  readonly version: number;
}

/** What a command has led to. */
export interface Decision<State, Event extends object> extends SaveResult {
  /** After the events. */
  readonly state: State;
  readonly events: readonly Event[];
}

/**
 * Handles commands with a {@link Decider}. Inject it with `@InjectRepository(cart)`.
 *
 * @example `const { state } = await this.carts.handle(command.cartId, new AddItem('book'), { context })`
 */
export class DeciderRepository<State, Command, Event extends object> {
  constructor(
    private readonly model: DeciderModel<State, Command, Event>,
    private readonly parts: RepositoryParts,
  ) {}

  /** Name of the stream of an id, to read it from the `EventLog`. @throws {InvalidAggregateIdError} */
  streamOf(id: AggregateId): string {
    return streamOf(this.model, id);
  }

  /** The state as the stored events make it; the initial state when there are none. */
  async state(id: AggregateId): Promise<DeciderState<State>> {
    const { state, version } = await this.parts.reader.load(this.model, id);
    return { state, version };
  }

  /**
   * Decides and stores the events, all of them or none; after a conflict again, with what the others have stored.
   *
   * @throws {DeciderEndedError} the state is terminal; and whatever `decide` throws: then nothing is stored
   * @throws {VersionConflictError} every attempt met a conflict
   * @throws {StreamClosedError} {@link RecordConflictError} {@link StoreUnavailableError}
   */
  handle(id: AggregateId, command: Command, options: UpdateOptions = {}): Promise<Decision<State, Event>> {
    const { attempts = DEFAULT_ATTEMPTS, ...save } = options;
    return this.parts.retry.run(this.streamOf(id), attempts, async () => {
      const loaded = await this.parts.reader.load(this.model, id);
      const events = this.decide(id, command, loaded.state);
      return this.store(loaded, events, id, save);
    });
  }

  private decide(id: AggregateId, command: Command, state: State): readonly Event[] {
    const { decider, name } = this.model;
    if (decider.isTerminal?.(state) === true) throw new DeciderEndedError(name, String(id), commandName(command));
    const decided = decider.decide(command, state);
    return Array.isArray(decided) ? (decided as readonly Event[]) : [decided as Event];
  }

  private async store(
    { stream, state, version: expectedVersion, trail }: Loaded<State>,
    events: readonly Event[],
    id: AggregateId,
    options: UpdateOptions,
  ): Promise<Decision<State, Event>> {
    if (events.length === 0 && options.records === undefined) {
      return { state, events, version: expectedVersion, position: undefined, repeated: false };
    }
    const { model, parts } = this;
    // Before they are stored: events that cannot be applied would be stuck in the stream for good.
    const after = model.replay(state, events);
    const result = await parts.log.append(stream, events, { ...options, expectedVersion });
    const { version, position, repeated } = result;
    if (repeated) return { state, events: [], ...result };
    if (trail !== undefined && events.length > 0) {
      const schema = model.snapshots?.version ?? 1;
      // The state is a value that nobody changes: it can be taken at any time.
      parts.snapshots.saved(model, stream, version, events, trail, () => {
        return { version, position, schema, fields: model.fields(id), state: after };
      });
    }
    return { state: after, events, version, position, repeated };
  }
}

function commandName(command: unknown): string {
  return (command as object | null | undefined)?.constructor?.name ?? String(command);
}
