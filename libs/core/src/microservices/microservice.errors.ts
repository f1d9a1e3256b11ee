import { CatgaError } from '../foundation/index.js';

/** A pattern with a wildcard. Subscriptions name their subjects exactly. */
export class WildcardPatternError extends CatgaError {
  readonly code = 'CATGA_WILDCARD_PATTERN';
  readonly kind = 'configuration';
  constructor(readonly pattern: string) {
    super(
      `Pattern ${JSON.stringify(pattern)} has a wildcard, and Catga's transports have exact subjects only. Write one decorator for each pattern, or put what varies into the data or a header.`,
      { details: { pattern } },
    );
  }
}

/** Two methods answer one pattern. Which of them would get a request? */
export class DuplicateMessagePatternError extends CatgaError {
  readonly code = 'CATGA_DUPLICATE_MESSAGE_PATTERN';
  readonly kind = 'configuration';
  constructor(readonly pattern: string) {
    super(
      `Two methods have @MessagePattern(${JSON.stringify(pattern)}), and a request has one answer. Remove one of them, give it another pattern, or make it an @EventPattern.`,
      { details: { pattern } },
    );
  }
}

/** A handler of events failed with something that is not an error, and what it stood for is not known. */
export class EventHandlerFailedError extends CatgaError {
  readonly code = 'CATGA_EVENT_HANDLER_FAILED';
  readonly kind = 'internal';
  constructor(
    readonly pattern: string,
    reason: string,
    cause: unknown,
  ) {
    super(
      `A handler of event ${JSON.stringify(pattern)} failed: ${reason}. Throw an Error, so that dead letters can say where it came from.`,
      { cause, details: { pattern } },
    );
  }
}

/** A handler emits values faster than the caller of its request takes them. */
export class ReplyOverflowError extends CatgaError {
  readonly code = 'CATGA_REPLY_OVERFLOW';
  readonly kind = 'infrastructure';
  constructor(limit: number) {
    super(
      `More than ${limit} values wait for the caller of this request, who takes them too slowly. Emit less at a time, or publish events in place of one long answer.`,
      { details: { limit } },
    );
  }
}

/** An answer of several values was cut short. */
export class ReplyInterruptedError extends CatgaError {
  readonly code = 'CATGA_REPLY_INTERRUPTED';
  readonly kind = 'infrastructure';
  constructor(reason: string) {
    super(`The answer ended before it was complete: ${reason}. Ask again.`, { details: { reason } });
  }
}

/** The strategy has not been started yet, or no more. */
export class NotListeningError extends CatgaError {
  readonly code = 'CATGA_NOT_LISTENING';
  readonly kind = 'configuration';
  constructor(what: string) {
    super(
      `${what} has no open transport. Call it after startAllMicroservices(), listen() or connect(), before close().`,
    );
  }
}
