import { isPromise, TextIdGenerator, type MaybePromise } from '../../foundation/index.js';
import type { HandlerContext, SendOptions, Type } from '../../messages/index.js';
import type { HandlerRegistry } from '../handlers/handler-registry.js';
import { HandlerNotFoundError, InvalidMessageError, MediatorClosedError } from '../mediator.errors.js';
import type { AmbientContext } from './ambient-context.js';
import { publishAll } from './event-fan-out.js';
import { InFlight } from './in-flight.js';
import { MessageScope, type ScopeOrigin } from './message-scope.js';
import { RouteTable } from './route-table.js';
import type { RouteCompiler } from './route-compiler.js';
import type { Route } from './route.js';

/**
 * Brings messages to their handlers. The path of `send` has no `async` frame and gives back the handler's own promise:
 * each frame would cost as much as the call itself.
 */
export class Dispatcher implements ScopeOrigin {
  private readonly ids = new TextIdGenerator();
  private readonly inFlight = new InFlight();
  private readonly shutdown = new AbortController();
  private readonly table: RouteTable;
  /** What callers from outside see: the routes, and nothing any more when the intake has stopped. */
  private intake: ReadonlyMap<unknown, Route>;
  private isClosed = false;

  constructor(
    private readonly registry: HandlerRegistry,
    compiler: RouteCompiler,
    private readonly ambient: AmbientContext,
  ) {
    this.table = new RouteTable(registry, compiler);
    this.intake = this.table.requests;
  }

  get shutdownSignal(): AbortSignal {
    return this.shutdown.signal;
  }

  /** Handlers that run, see {@link InFlight.count}. */
  get running(): number {
    return this.inFlight.count;
  }

  nextMessageId(): string {
    return this.ids.next();
  }

  /** A command or query from outside. */
  accept(message: object, options: SendOptions | undefined): Promise<unknown> {
    try {
      const route = this.intake.get(message.constructor);
      if (route === undefined) return this.acceptUnknown(message, options);
      return this.run(route, message, options, undefined);
    } catch (error) {
      return Promise.reject(explain(error, message));
    }
  }

  /** A command or query from within a handler or a process; goes on while the application drains. */
  dispatch(message: object, options: SendOptions | undefined, parent: HandlerContext | undefined): Promise<unknown> {
    try {
      const signal = options?.signal ?? parent?.signal;
      if (signal?.aborted) return Promise.reject(signal.reason);
      const route = this.table.requests.get(message.constructor);
      if (route === undefined) return this.compileAndRun(message, options, parent);
      return this.run(route, message, options, parent);
    } catch (error) {
      return Promise.reject(explain(error, message));
    }
  }

  /** Events from outside. */
  acceptEvents(events: object | readonly object[], options: SendOptions | undefined): Promise<void> {
    if (this.isRefused()) return Promise.reject(new MediatorClosedError('An event'));
    return this.publishIn(events, options, undefined);
  }

  /** Events from within a handler or a process. */
  publishIn(
    events: object | readonly object[],
    options: SendOptions | undefined,
    parent: HandlerContext | undefined,
  ): Promise<void> {
    const signal = options?.signal ?? parent?.signal;
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.isClosed) return Promise.reject(new MediatorClosedError('An event'));
    const list: readonly object[] = Array.isArray(events) ? (events as readonly object[]) : [events];
    const done = publishAll(this.table, list, () => this.scope(options, parent));
    this.inFlight.add(done);
    return done;
  }

  /** Compiles the route of every registered handler, so that what is wrong is found at boot. */
  compileAll(): Promise<void> {
    return this.table.compileAll();
  }

  /** Refuses messages from outside from now on. */
  stopIntake(): void {
    this.intake = new Map();
  }

  /**
   * Waits for running handlers, then refuses every message. Handlers that still run after the limit get their signal
   * aborted.
   *
   * @param limit milliseconds
   * @returns how many handlers still ran
   */
  async close(limit: number): Promise<number> {
    this.stopIntake();
    const left = await this.inFlight.drain(limit);
    this.isClosed = true;
    this.table.close();
    this.shutdown.abort(new MediatorClosedError('A message that was being handled'));
    return left;
  }

  private run(
    route: Route,
    message: object,
    options: SendOptions | undefined,
    parent: HandlerContext | undefined,
  ): Promise<unknown> {
    if (options?.signal?.aborted) return Promise.reject(options.signal.reason);
    const result =
      route.direct === undefined ? route.invoke(message, this.scope(options, parent)) : route.direct(message);
    if (!(result instanceof Promise)) return Promise.resolve(result);
    this.inFlight.add(result);
    return result;
  }

  private scope(options: SendOptions | undefined, parent: HandlerContext | undefined): MessageScope {
    return new MessageScope(this, options, parent ?? (this.ambient.isActive ? this.ambient.current : undefined));
  }

  private acceptUnknown(message: object, options: SendOptions | undefined): Promise<unknown> {
    if (this.isRefused()) return Promise.reject(new MediatorClosedError(describe(message)));
    return this.compileAndRun(message, options, undefined);
  }

  /** True when the intake has stopped and nothing says that a running handler is the caller. */
  private isRefused(): boolean {
    return this.intake !== this.table.requests && this.ambient.current === undefined;
  }

  private compileAndRun(
    message: object,
    options: SendOptions | undefined,
    parent: HandlerContext | undefined,
  ): Promise<unknown> {
    if (this.isClosed) return Promise.reject(new MediatorClosedError(describe(message)));
    const route: MaybePromise<Route | undefined> = this.table.request(message.constructor as Type);
    const go = (found: Route | undefined) =>
      found === undefined ? Promise.reject(this.notFound(message)) : this.run(found, message, options, parent);
    return isPromise(route) ? route.then(go) : go(route);
  }

  private notFound(message: object): Error {
    if (message.constructor === Object || typeof message.constructor !== 'function') {
      return new InvalidMessageError(message);
    }
    const name = describe(message);
    return new HandlerNotFoundError(name, this.registry.nearest(name));
  }
}

/** `null` and `undefined` are the only messages without a constructor to look up. */
function explain(error: unknown, message: unknown): unknown {
  return message === null || message === undefined ? new InvalidMessageError(message) : error;
}

const describe = (message: object): string => message.constructor?.name ?? 'A message';
