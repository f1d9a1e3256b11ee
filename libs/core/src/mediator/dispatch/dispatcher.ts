import { isPromise, TextIdGenerator } from '../../foundation/index.js';
import type { HandlerContext, SendOptions, Type } from '../../messages/index.js';
import type { HandlerEntry, HandlerRegistry } from '../handlers/handler-registry.js';
import { HandlerNotFoundError, InvalidMessageError, MediatorClosedError } from '../mediator.errors.js';
import type { AmbientContext } from './ambient-context.js';
import { EventFanOut } from './event-fan-out.js';
import { MessageScope, type ScopeOrigin } from './message-scope.js';
import { RouteTable } from './route-table.js';
import type { RouteCompiler } from './route-compiler.js';
import type { RemoteRequests } from './remote-requests.js';
import { startRoute, type RequestCall } from './route.js';
import { RunningHandlers } from './running-handlers.js';

/**
 * Brings messages to their handlers. The path of `send` has no `async` frame and gives back the handler's own promise:
 * each frame would cost as much as the call itself.
 */
export class Dispatcher implements ScopeOrigin {
  private readonly ids = new TextIdGenerator();
  private readonly handlers = new RunningHandlers();
  private readonly shutdown = new AbortController();
  private readonly table: RouteTable;
  private readonly fanOut: EventFanOut;
  /** See `RouteTable.trusted`; held here to save a look-up for each message. */
  private readonly trusted: ReadonlyMap<unknown, RequestCall>;
  private remote: RemoteRequests | undefined;
  private isIntakeOpen = true;
  private isClosed = false;

  constructor(
    private readonly registry: HandlerRegistry,
    compiler: RouteCompiler,
    private readonly ambient: AmbientContext,
  ) {
    const scopeOf = this.scope.bind(this);
    this.table = new RouteTable(registry, compiler, this.handlers, scopeOf);
    this.trusted = this.table.trusted;
    this.fanOut = new EventFanOut(this.table, this.handlers, scopeOf);
  }

  get shutdownSignal(): AbortSignal {
    return this.shutdown.signal;
  }

  nextMessageId(): string {
    return this.ids.next();
  }

  /** A command or query from outside. */
  accept(message: object, options: SendOptions | undefined): Promise<unknown> {
    try {
      const call = this.trusted.get(message.constructor);
      // Nobody is trusted any more once the intake has stopped.
      if (call === undefined || options !== undefined) return this.acceptWatched(message, options);
      const result = call(message);
      return result instanceof Promise ? result : Promise.resolve(result);
    } catch (error) {
      return Promise.reject(explain(error, message));
    }
  }

  /** A command or query from within a handler or a process; goes on while the application drains. */
  dispatch(message: object, options: SendOptions | undefined, parent: HandlerContext | undefined): Promise<unknown> {
    try {
      const type = message.constructor;
      const call = this.trusted.get(type) ?? this.table.watched.get(type);
      if (call === undefined || this.isClosed) return this.compileAndCall(message, options, parent);
      return this.call(call, message, options, parent);
    } catch (error) {
      return Promise.reject(explain(error, message));
    }
  }

  /** Events from outside. */
  acceptEvents(events: object | readonly object[], options: SendOptions | undefined): Promise<void> {
    if (!this.isIntakeOpen && this.isRefused()) return Promise.reject(new MediatorClosedError('An event'));
    return this.publishIn(events, options, undefined);
  }

  /** Events from within a handler or a process. */
  publishIn(
    events: object | readonly object[],
    options: SendOptions | undefined,
    parent: HandlerContext | undefined,
  ): Promise<void> {
    if (this.isClosed) return Promise.reject(new MediatorClosedError('An event'));
    if (options !== undefined || parent !== undefined) {
      const signal = options?.signal ?? parent?.signal;
      if (signal?.aborted) return Promise.reject(signal.reason as Error);
    }
    try {
      return this.fanOut.publish(events, options, parent);
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  /** Where messages go that nobody handles here. */
  useRemote(remote: RemoteRequests): void {
    this.remote = remote;
  }

  /** Calls one handler, with its behaviours, for a message that another node has sent; also while this one drains. */
  async deliver(entry: HandlerEntry, message: object, options: SendOptions): Promise<unknown> {
    const route = await this.table.compile(entry);
    if (this.isClosed) throw new MediatorClosedError(describe(message));
    const result = startRoute(route, message, route.direct === undefined ? this.scope(options, undefined) : undefined);
    this.handlers.watch(result, { instant: 0, isSlow: true });
    return result;
  }

  /** Compiles the route of every registered handler, so that what is wrong is found at boot. */
  compileAll(): Promise<void> {
    return this.table.compileAll();
  }

  /** Refuses messages from outside from now on. */
  stopIntake(): void {
    this.isIntakeOpen = false;
    this.table.watchAll();
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
    const left = await this.handlers.drain(limit);
    this.isClosed = true;
    this.shutdown.abort(new MediatorClosedError('A message that was being handled'));
    return left;
  }

  private scope(options: SendOptions | undefined, parent: HandlerContext | undefined): MessageScope {
    return new MessageScope(this, options, parent ?? (this.ambient.isActive ? this.ambient.current : undefined));
  }

  /** True when the intake has stopped and nothing says that a running handler is the caller. */
  private isRefused(): boolean {
    return !this.isIntakeOpen && this.ambient.current === undefined;
  }

  private acceptWatched(message: object, options: SendOptions | undefined): Promise<unknown> {
    if (this.isRefused()) return Promise.reject(new MediatorClosedError(describe(message)));
    return this.dispatch(message, options, undefined);
  }

  private compileAndCall(
    message: object,
    options: SendOptions | undefined,
    parent: HandlerContext | undefined,
  ): Promise<unknown> {
    if (this.isClosed) return Promise.reject(new MediatorClosedError(describe(message)));
    const call = this.table.request(message.constructor as Type);
    return isPromise(call)
      ? call.then((found) => this.call(found, message, options, parent))
      : this.call(call, message, options, parent);
  }

  private call(
    call: RequestCall | undefined,
    message: object,
    options: SendOptions | undefined,
    parent: HandlerContext | undefined,
  ): Promise<unknown> {
    if (call === undefined) return this.elsewhere(message, options, parent);
    const signal = options?.signal ?? parent?.signal;
    if (signal?.aborted) return Promise.reject(signal.reason as Error);
    const result = call(message, options, parent);
    return result instanceof Promise ? result : Promise.resolve(result);
  }

  /** Nobody handles it here. */
  private elsewhere(
    message: object,
    options: SendOptions | undefined,
    parent: HandlerContext | undefined,
  ): Promise<unknown> {
    const isMessage = message.constructor !== Object && typeof message.constructor === 'function';
    if (this.remote === undefined || !isMessage) return Promise.reject(this.notFound(message));
    const context = this.scope(options, parent);
    if (context.signal.aborted) return Promise.reject(context.signal.reason as Error);
    const result = this.remote.send(message, context, (where) => this.notFound(message, where));
    this.handlers.watch(result, { instant: 0, isSlow: true });
    return result;
  }

  private notFound(message: object, where?: { transport: string; subject: string }): Error {
    if (message.constructor === Object || typeof message.constructor !== 'function') {
      return new InvalidMessageError(message);
    }
    const name = describe(message);
    return new HandlerNotFoundError(name, this.registry.nearest(name), where);
  }
}

/** `null` and `undefined` are the only messages without a constructor to look up. */
function explain(error: unknown, message: unknown): Error {
  return message === null || message === undefined ? new InvalidMessageError(message) : (error as Error);
}

const describe = (message: object): string => message.constructor?.name ?? 'A message';
