import { isPromise } from '../../foundation/index.js';
import { messageName, type HandlerContext, type Type } from '../../messages/index.js';
import { EventPublishError, InvalidMessageError, type EventFailure } from '../mediator.errors.js';
import type { RouteTable } from './route-table.js';
import { startRoute, type Route } from './route.js';

/**
 * Publishes events one after the other; every handler of every event runs.
 *
 * @param scopeOf makes the context of one event
 * @throws {EventPublishError} with everything that failed
 * @throws {InvalidMessageError} one of them is no instance of a class; then none is published
 */
export async function publishAll(
  table: RouteTable,
  events: readonly object[],
  scopeOf: () => HandlerContext,
): Promise<void> {
  for (const event of events) assertEvent(event);
  let failures: EventFailure[] | undefined;
  let handlers = 0;
  for (const event of events) {
    const found = table.event(event.constructor as Type);
    const routes = isPromise(found) ? await found : found;
    if (routes.length === 0) continue;
    handlers += routes.length;
    const failed = await runHandlers(routes, event, scopeOf());
    if (failed !== undefined) failures = failures === undefined ? failed : [...failures, ...failed];
  }
  if (failures !== undefined) throw new EventPublishError(failures, handlers);
}

/** Starts all handlers, then waits for one after the other: half the cost of `Promise.all`. */
async function runHandlers(
  routes: readonly Route[],
  event: object,
  context: HandlerContext,
): Promise<EventFailure[] | undefined> {
  let failures: EventFailure[] | undefined;
  const note = (route: Route, error: unknown) => {
    const eventName = messageName(event.constructor as Type);
    (failures ??= []).push({ handler: route.handlerName, eventName, event, error });
  };
  const started: Promise<unknown>[] = [];
  for (const route of routes) {
    const running = startRoute(route, event, context);
    // All but the first are looked at only after those before them: a failure meanwhile must not count as unhandled.
    started.push(started.length === 0 ? running : running.then(undefined, (error) => note(route, error)));
  }
  try {
    await started[0];
  } catch (error) {
    note(routes[0] as Route, error);
  }
  for (let index = 1; index < started.length; index++) await started[index];
  return failures;
}

function assertEvent(event: unknown): void {
  const isInstance = typeof event === 'object' && event !== null && event.constructor !== Object;
  if (!isInstance || typeof event.constructor !== 'function') throw new InvalidMessageError(event);
}
