import { isPromise } from '../../foundation/index.js';
import type { HandlerContext, SendOptions, Type } from '../../messages/index.js';
import { EventPublishError, InvalidMessageError, type EventFailure } from '../mediator.errors.js';
import type { EventRoutes, RouteTable, ScopeFactory } from './route-table.js';
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
    const known = this.table.knownEvent(events?.constructor);
    if (known !== undefined) return this.run(known, events, options, parent);
    if (Array.isArray(events)) return this.publishAll(events as readonly object[], options, parent);
    if (!isInstance(events)) return Promise.reject(new InvalidMessageError(events));
    const found = this.table.event(events.constructor as Type);
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
      const { fanOut } = await this.table.event(event.constructor as Type);
      handlers += fanOut.routes.length;
      await this.publish(event, options, parent).catch((error: unknown) => {
        if (!(error instanceof EventPublishError)) throw error;
        failures.push(...error.failures);
      });
    }
    if (failures.length > 0) throw new EventPublishError(failures, handlers);
  }

  private run(
    { fanOut, habit, needsContext }: EventRoutes,
    event: object,
    options: SendOptions | undefined,
    parent: HandlerContext | undefined,
  ): Promise<void> {
    if (fanOut.routes.length === 0) return Promise.resolve();
    const context = needsContext ? this.scopeOf(options, parent) : undefined;
    const done = fanOut.start(event, context);
    if (--this.untilSample < 0 || !this.table.isTrusted(habit)) {
      this.untilSample = SAMPLE_EVERY;
      this.running.watch(done, habit);
    }
    return done;
  }
}

function isInstance(event: unknown): event is object {
  if (typeof event !== 'object' || event === null) return false;
  return event.constructor !== Object && typeof event.constructor === 'function';
}
