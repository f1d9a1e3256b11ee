import { CatgaError } from '../foundation/index.js';

/** Where a handler comes from, for messages: `OrderHandler (OrdersModule)`. */
export interface HandlerOrigin {
  readonly name: string;
  readonly module?: string | undefined;
}

/** Text of an origin. */
export function describeOrigin({ name, module }: HandlerOrigin): string {
  return module === undefined ? name : `${name} (${module})`;
}

/** Nobody handles this command or query. */
export class HandlerNotFoundError extends CatgaError {
  readonly code = 'CATGA_HANDLER_NOT_FOUND';
  readonly kind = 'configuration';
  /** @param elsewhere where the transport has looked for another node that handles it; left out: nowhere */
  constructor(message: string, nearest: string | undefined, elsewhere?: { transport: string; subject: string }) {
    super(
      `No handler for ${message}${elsewhere ? ' on this node' : ''}. ${nearest ? `There is one for ${nearest}: is that what you meant? ` : ''}` +
        (elsewhere
          ? `And no node answers "${elsewhere.subject}" through transport "${elsewhere.transport}": is the service running whose handler has @Remote()? Otherwise: `
          : '') +
        `Decorate a class with @CommandHandler(${message}) or @QueryHandler(${message}) and add it to the providers of a module that the application imports.`,
      { details: { message, nearest, ...elsewhere } },
    );
  }
}

/** Something that is no message was sent. */
export class InvalidMessageError extends CatgaError {
  readonly code = 'CATGA_INVALID_MESSAGE';
  readonly kind = 'request';
  constructor(value: unknown) {
    const what = value === null ? 'null' : typeof value === 'object' ? 'a plain object' : `of type ${typeof value}`;
    super(
      `A message has to be an instance of a class, but this one is ${what}. Send new SomeCommand(…), publish new SomeEvent(…).`,
      { details: { type: typeof value } },
    );
  }
}

/** Two handlers for one command or query; found at boot. */
export class DuplicateHandlerError extends CatgaError {
  readonly code = 'CATGA_DUPLICATE_HANDLER';
  readonly kind = 'configuration';
  constructor(message: string, first: HandlerOrigin, second: HandlerOrigin) {
    super(
      `${message} has two handlers: ${describeOrigin(first)} and ${describeOrigin(second)}. A command or query has exactly one: remove one of them, or make the message an event.`,
      { details: { message, handlers: [describeOrigin(first), describeOrigin(second)] } },
    );
  }
}

/** A decorated handler class without the method that would be called; found at boot. */
export class HandlerMethodMissingError extends CatgaError {
  readonly code = 'CATGA_HANDLER_METHOD_MISSING';
  readonly kind = 'configuration';
  constructor(handler: HandlerOrigin, decorator: string, method: string) {
    super(
      `${describeOrigin(handler)} is decorated with @${decorator} but has no method ${method}(message, context). Write it, or remove the decorator.`,
      { details: { handler: handler.name, module: handler.module, method } },
    );
  }
}

/** A handler decorator got no message class, mostly because of a circular import. */
export class HandlerMessageMissingError extends CatgaError {
  readonly code = 'CATGA_HANDLER_MESSAGE_MISSING';
  readonly kind = 'configuration';
  constructor(handler: string, decorator: string, value: unknown) {
    super(
      `@${decorator} of ${handler} got ${value === undefined ? 'undefined' : `a value of type ${typeof value}`} instead of a message class. ` +
        `If the class exists, the files import each other in a circle: move the message into a file of its own.`,
      { details: { handler, decorator } },
    );
  }
}

/** Two message classes of one application have the same wire name and version; found at boot. */
export class DuplicateMessageNameError extends CatgaError {
  readonly code = 'CATGA_DUPLICATE_MESSAGE_NAME';
  readonly kind = 'configuration';
  constructor(name: string, version: number, first: string, second: string) {
    super(
      `The message name "${name}" (version ${version}) belongs to two classes: ${first} and ${second}. Give one of them another name or version in its @Event(…) or @MessageName(…).`,
      { details: { name, version, classes: [first, second] } },
    );
  }
}

/** The mediator takes no more messages: the application shuts down. */
export class MediatorClosedError extends CatgaError {
  readonly code = 'CATGA_MEDIATOR_CLOSED';
  readonly kind = 'infrastructure';
  constructor(message: string) {
    super(
      `${message} was not accepted: the application shuts down. Handlers that still run may go on with context.send and context.publish; everybody else tries again on another node or after the restart.`,
      { details: { message } },
    );
  }
}

/** A behaviour called `next` without what it has to hand on. */
export class BehaviorMisuseError extends CatgaError {
  readonly code = 'CATGA_BEHAVIOR_MISUSE';
  readonly kind = 'internal';
  constructor(message: string) {
    super(
      `A behaviour of ${message} called next() without message and context. Write: return next(message, context).`,
      { details: { message } },
    );
  }
}

/** A behaviour that cannot be put into a pipeline; found at boot. */
export class InvalidBehaviorError extends CatgaError {
  readonly code = 'CATGA_INVALID_BEHAVIOR';
  readonly kind = 'configuration';
  constructor(behavior: string, where: string, problem: string, options?: ErrorOptions) {
    super(`Behaviour ${behavior} of ${where} cannot be used: ${problem}`, {
      ...options,
      details: { behavior, where },
    });
  }
}

/** A handler failed with an error that has no code of Catga; the error is the `cause`. See `trySend`. */
export class HandlerFailedError extends CatgaError {
  readonly code = 'CATGA_HANDLER_FAILED';
  readonly kind: 'business' | 'internal';
  constructor(message: string, isBusiness: boolean, cause: unknown) {
    super(`${message} failed: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
      details: { message },
    });
    this.kind = isBusiness ? 'business' : 'internal';
  }
}

/** One handler that failed on one event. */
export interface EventFailure {
  /** Name of the handler class. */
  readonly handler: string;
  /** Name of the event. */
  readonly eventName: string;
  readonly event: object;
  /** What the handler threw. */
  readonly error: unknown;
}

/** Handlers of a published event failed. Every handler has run; `failures` names those that threw. */
export class EventPublishError extends CatgaError {
  readonly code = 'CATGA_EVENT_PUBLISH';
  readonly kind = 'internal';
  constructor(
    readonly failures: readonly EventFailure[],
    handlers: number,
  ) {
    const list = failures.map(({ handler, eventName, error }) => `\n  - ${handler} on ${eventName}: ${textOf(error)}`);
    super(
      `${failures.length} of ${handlers} event handlers failed. The others have run; do not publish the event again unless they may run twice.${list.join('')}`,
      {
        cause: failures[0]?.error,
        details: { failures: failures.map(({ handler, eventName }) => ({ handler, event: eventName })), handlers },
      },
    );
  }
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
