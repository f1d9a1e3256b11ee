import { CatgaError } from '../../foundation/index.js';

/** An aggregate or a decider that is put together wrongly; found when its class is loaded or at boot. */
export class AggregateDefinitionError extends CatgaError {
  readonly code = 'CATGA_AGGREGATE_DEFINITION';
  readonly kind = 'configuration';

  /**
   * @param aggregate name of the class or decider
   * @param problems each says what is wrong and what to write instead
   */
  constructor(aggregate: string, problems: readonly string[]) {
    super(
      problems.length === 1
        ? `${aggregate}: ${problems[0] as string}`
        : `${aggregate} has ${problems.length} mistakes:\n${problems.map((problem) => `- ${problem}`).join('\n')}`,
      { details: { aggregate, problems } },
    );
  }
}

/** `@On` stands where it cannot work, or was given something that is no event; thrown when the class is loaded. */
export class OnDecoratorError extends CatgaError {
  readonly code = 'CATGA_ON_DECORATOR';
  readonly kind = 'configuration';

  /** @param place what it stands on, e.g. `Order.placed` */
  constructor(place: string, advice: string) {
    super(`@On on ${place}: ${advice}`, { details: { place } });
  }
}

/** Two aggregates or deciders want the same name, so their streams would mix; found at boot. */
export class DuplicateAggregateError extends CatgaError {
  readonly code = 'CATGA_AGGREGATE_DUPLICATE';
  readonly kind = 'configuration';
  constructor(category: string, first: string, second: string) {
    super(
      `${first} and ${second} both keep their events in streams "${category}-<id>". Give one of them another name, in @Aggregate('…') or in the name of the decider.`,
      { details: { category, first, second } },
    );
  }
}

/** There is no aggregate with that id: nothing was ever saved under it, or its stream was deleted. */
export class AggregateNotFoundError extends CatgaError {
  readonly code = 'CATGA_AGGREGATE_NOT_FOUND';
  readonly kind = 'request';
  constructor(
    readonly aggregate: string,
    readonly id: string,
    readonly stream: string,
  ) {
    super(
      `${aggregate} "${id}" does not exist: stream "${stream}" has no events. Check the id, or use find(id), which answers undefined.`,
      { details: { aggregate, id, stream } },
    );
  }
}

/** An id that cannot be part of the name of a stream. */
export class InvalidAggregateIdError extends CatgaError {
  readonly code = 'CATGA_AGGREGATE_ID';
  readonly kind = 'request';
  constructor(aggregate: string, id: unknown) {
    super(
      `${typeof id === 'string' ? `"${id}"` : `A value of type ${id === null ? 'null' : typeof id}`} is no id of ${aggregate}. Give a text that is not empty, a number or a bigint.`,
      { details: { aggregate } },
    );
  }
}

/** An aggregate was told of an event that none of its methods takes. */
export class UnhandledAggregateEventError extends CatgaError {
  readonly code = 'CATGA_AGGREGATE_EVENT_UNHANDLED';
  readonly kind = 'internal';
  constructor(aggregate: string, event: string) {
    super(
      `${aggregate} has no method for ${event}. Write @On(${event}) above the method that changes its state; if the event changes nothing, say @Aggregate('…', { unhandledEvents: 'ignore' }).`,
      { details: { aggregate, event } },
    );
  }
}

/** An aggregate that can no longer be saved: what it holds is not what its stream says. */
export class StaleAggregateError extends CatgaError {
  readonly code = 'CATGA_AGGREGATE_STALE';
  readonly kind = 'request';
  constructor(aggregate: string, id: string) {
    super(
      `${aggregate} "${id}" was saved under an append id that was used before, so its changes were not stored a second time and it no longer agrees with its stream. Load it again.`,
      { details: { aggregate, id } },
    );
  }
}

/** The first events of a stream were truncated and no snapshot stands for them: the state cannot be worked out. */
export class AggregateHistoryError extends CatgaError {
  readonly code = 'CATGA_AGGREGATE_HISTORY_TRUNCATED';
  readonly kind = 'internal';
  constructor(aggregate: string, stream: string, firstVersion: number) {
    super(
      `${aggregate} cannot be loaded: stream "${stream}" begins at version ${firstVersion} and no usable snapshot stands for the events before it. Truncate only below the version of a snapshot, and restore the snapshot or the events from a backup.`,
      { details: { aggregate, stream, firstVersion } },
    );
  }
}

/** A command for a decider whose state is terminal. */
export class DeciderEndedError extends CatgaError {
  readonly code = 'CATGA_DECIDER_ENDED';
  readonly kind = 'request';
  constructor(decider: string, id: string, command: string) {
    super(
      `${decider} "${id}" has ended and takes no more commands; ${command} was refused. Use another id, or change isTerminal.`,
      { details: { decider, id, command } },
    );
  }
}
