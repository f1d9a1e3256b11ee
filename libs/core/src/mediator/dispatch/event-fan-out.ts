import { isPromise } from '../../foundation/index.js';
import { messageName, type HandlerContext, type SendOptions, type Type } from '../../messages/index.js';
import { EventPublishError, InvalidMessageError, type EventFailure } from '../mediator.errors.js';
import type { RouteTable, ScopeFactory } from './route-table.js';
import { startRoute, type EventRoutes, type Route } from './route.js';
import type { RunningHandlers } from './running-handlers.js';

/** Every so many publishes of a trusted event one is watched all the same. */
const SAMPLE_EVERY = 32;

/** Brings events to all of their handlers. */
export class EventFanOut {
  private untilSample = SAMPLE_EVERY;

  constructor(
    private readonly table: RouteTable,
    private readonly running: RunningHandlers,
    private readonly scopeOf: ScopeFactory,
  ) {}

  /**
   * Publishes events one after the other; every handler of every event runs.
   *
   * @throws {EventPublishError} with everything that failed
   * @throws {InvalidMessageError} one of them is no instance of a class; then none is published
   */
  publish(
    events: object | readonly object[],
    options: SendOptions | undefined,
    parent: HandlerContext | undefined,
  ): Promise<void> {
    if (Array.isArray(events)) return this.publishAll(events as readonly object[], options, parent);
    if (!isInstance(events)) return Promise.reject(new InvalidMessageError(events));
    const found = this.table.event(events.constructor as Type);
    // The usual case goes on without an async frame of its own.
    if (isPromise(found)) return found.then((routes) => this.run(routes, events, options, parent));
    return this.run(found, events, options, parent);
  }

  private async publishAll(
    events: readonly object[],
    options: SendOptions | undefined,
    parent: HandlerContext | undefined,
  ): Promise<void> {
    for (const event of events) if (!isInstance(event)) throw new InvalidMessageError(event);
    const failures: EventFailure[] = [];
    let handlers = 0;
    for (const event of events) {
      const { routes } = await this.table.event(event.constructor as Type);
      handlers += routes.length;
      await this.publish(event, options, parent).catch((error: unknown) => {
        if (!(error instanceof EventPublishError)) throw error;
        failures.push(...error.failures);
      });
    }
    if (failures.length > 0) throw new EventPublishError(failures, handlers);
  }

  private run(
    { routes, habit }: EventRoutes,
    event: object,
    options: SendOptions | undefined,
    parent: HandlerContext | undefined,
  ): Promise<void> {
    if (routes.length === 0) return Promise.resolve();
    const done = runHandlers(routes, event, this.scopeOf(options, parent));
    if (--this.untilSample < 0 || !this.table.isTrusted(habit)) {
      this.untilSample = SAMPLE_EVERY;
      this.running.watch(done, habit);
    }
    return done;
  }
}

/** Stands for the result of a handler that failed. */
class Failed {
  constructor(readonly error: unknown) {}
}

const toFailed = (error: unknown): Failed => new Failed(error);

/** Starts all handlers, then waits for one after the other: half the cost of `Promise.all`. */
async function runHandlers(routes: readonly Route[], event: object, context: HandlerContext): Promise<void> {
  const first = startRoute(routes[0] as Route, event, context);
  const others: Promise<unknown>[] = [];
  for (let index = 1; index < routes.length; index++) {
    // They are looked at only after those before them: a failure meanwhile must not count as unhandled.
    others.push(startRoute(routes[index] as Route, event, context).then(undefined, toFailed));
  }
  let failures: EventFailure[] | undefined;
  try {
    await first;
  } catch (error) {
    failures = [failureOf(routes[0] as Route, event, error)];
  }
  for (let index = 0; index < others.length; index++) {
    const result = await others[index];
    if (result instanceof Failed) {
      (failures ??= []).push(failureOf(routes[index + 1] as Route, event, result.error));
    }
  }
  if (failures !== undefined) throw new EventPublishError(failures, routes.length);
}

function failureOf(route: Route, event: object, error: unknown): EventFailure {
  return { handler: route.handlerName, eventName: messageName(event.constructor as Type), event, error };
}

function isInstance(event: unknown): event is object {
  if (typeof event !== 'object' || event === null) return false;
  return event.constructor !== Object && typeof event.constructor === 'function';
}
