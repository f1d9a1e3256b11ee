import { messageName, type HandlerContext, type Type } from '../../messages/index.js';
import { EventPublishError, type EventFailure } from '../mediator.errors.js';
import { startRoute, type Route } from './route.js';

/** Most idle runs that are kept for an event; more are made when more publishes overlap. */
const MAX_IDLE = 16;

/**
 * One publish of an event to its handlers: starts all of them and counts them off as they end. A failure is looked at when
 * it comes, so none counts as unhandled while others still run.
 *
 * Runs are used again, because the callbacks that a publish needs (one for the end and one for each handler's failure)
 * would cost a third of it to make anew.
 */
class FanOutRun {
  private left = 0;
  private event: object | undefined;
  private failures: EventFailure[] | undefined;
  private resolve: (() => void) | undefined;
  private reject: ((error: Error) => void) | undefined;
  private readonly onFailure: readonly ((error: unknown) => void)[];

  constructor(
    private readonly routes: readonly Route[],
    private readonly idle: FanOutRun[],
  ) {
    this.onFailure = routes.map(({ handlerName: handler }) => (error: unknown) => {
      const event = this.event as object;
      (this.failures ??= []).push({ handler, eventName: messageName(event.constructor as Type), event, error });
      this.end();
    });
  }

  start(event: object, context: HandlerContext | undefined): Promise<void> {
    this.event = event;
    const done = new Promise<void>(this.keep);
    const { routes, onFailure } = this;
    this.left = routes.length;
    for (let index = 0; index < routes.length; index++) {
      const failed = onFailure[index] as (error: unknown) => void;
      startRoute(routes[index] as Route, event, context).then(this.end, failed);
    }
    return done;
  }

  private readonly keep = (resolve: () => void, reject: (error: Error) => void): void => {
    this.resolve = resolve;
    this.reject = reject;
  };

  private readonly end = (): void => {
    if (--this.left > 0) return;
    const { resolve, reject, failures } = this;
    this.event = undefined;
    this.failures = undefined;
    this.resolve = undefined;
    this.reject = undefined;
    if (this.idle.length < MAX_IDLE) this.idle.push(this);
    if (failures === undefined) resolve?.();
    else reject?.(new EventPublishError(failures, this.routes.length));
  };
}

/** Publishes one event class to its handlers. */
export class FanOut {
  private readonly idle: FanOutRun[] = [];

  constructor(readonly routes: readonly Route[]) {}

  /** @throws {EventPublishError} with everything that failed */
  start(event: object, context: HandlerContext | undefined): Promise<void> {
    const run = this.idle.pop() ?? new FanOutRun(this.routes, this.idle);
    return run.start(event, context);
  }
}
