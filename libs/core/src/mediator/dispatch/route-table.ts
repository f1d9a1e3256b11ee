import { allOf, isPromise, type MaybePromise } from '../../foundation/index.js';
import type { HandlerContext, SendOptions, Type } from '../../messages/index.js';
import type { HandlerEntry, HandlerRegistry } from '../handlers/handler-registry.js';
import type { RouteCompiler } from './route-compiler.js';
import { FanOut } from './fan-out-run.js';
import type { RequestCall, Route } from './route.js';
import type { Habit, RunningHandlers } from './running-handlers.js';

// Taken once: fake timers of a test must not decide which handlers are waited for.
const { setTimeout } = globalThis;

/** A handler that ended at once this many times is trusted to do so again. */
const TRUSTED_AFTER = 1024;
/** Milliseconds for which handlers are trusted; then the next call of each is watched again. */
const TRUSTED_FOR = 100;

/** Makes the context of a message. */
export type ScopeFactory = (options: SendOptions | undefined, parent: HandlerContext | undefined) => HandlerContext;

/** Everything that handles one event class. */
export interface EventRoutes {
  readonly fanOut: FanOut;
  /** False when no handler takes a context, which then need not be made. */
  readonly needsContext: boolean;
  readonly habit: Habit;
}

/** Compiled routes by message class; emptied whenever a handler is registered, filled again on the next look-up. */
export class RouteTable {
  /**
   * Commands and queries by constructor whose handlers are trusted to end at once, so that nobody has to wait for them
   * at shutdown. Read directly on the hot path; apart from the others, so that its call site only ever sees these.
   */
  readonly trusted = new Map<unknown, RequestCall>();
  /** Commands and queries by constructor; their handlers are counted while they run. */
  readonly watched = new Map<unknown, RequestCall>();
  private readonly events = new Map<unknown, EventRoutes>();
  /** Entries are compiled once, even when two messages of a type come at the same time. */
  private readonly compiled = new Map<HandlerEntry, MaybePromise<Route>>();
  private mayTrust = true;
  private isTrustTimed = false;

  constructor(
    private readonly registry: HandlerRegistry,
    private readonly compiler: RouteCompiler,
    private readonly running: RunningHandlers,
    private readonly scopeOf: ScopeFactory,
  ) {
    registry.onChange(() => this.forget());
  }

  /** How to call the handler of a command or query; undefined when it has none. */
  request(type: Type): MaybePromise<RequestCall | undefined> {
    const entry = this.registry.findRequest(type);
    if (entry === undefined) return undefined;
    const route = this.compile(entry);
    return isPromise(route)
      ? route.then((done) => this.keepRequest(type, entry, done))
      : this.keepRequest(type, entry, route);
  }

  /** The handlers of an event, those of its base classes included. */
  event(type: Type): MaybePromise<EventRoutes> {
    const known = this.knownEvent(type);
    if (known !== undefined) return known;
    const routes = allOf(this.registry.findEvent(type).map((entry) => this.compile(entry)));
    return isPromise(routes) ? routes.then((all) => this.keepEvent(type, all)) : this.keepEvent(type, routes);
  }

  /** {@link event} when it is compiled and nothing may have come since; read on the hot path. */
  knownEvent(type: unknown): EventRoutes | undefined {
    return this.registry.isStale ? undefined : this.events.get(type);
  }

  /** Compiles everything that is registered. */
  async compileAll(): Promise<void> {
    for (const entry of this.registry.list()) {
      if (entry.kind === 'event') await this.event(entry.messageType);
      else await this.request(entry.messageType);
    }
    for (const entry of this.registry.subscribers) await this.compile(entry);
  }

  /** Counts every handler from now on. */
  watchAll(): void {
    this.mayTrust = false;
    this.trusted.clear();
  }

  /** True when handlers of this habit need not be watched each time. */
  isTrusted(habit: Habit): boolean {
    return this.mayTrust && !habit.isSlow && habit.instant >= TRUSTED_AFTER;
  }

  private keepRequest(type: Type, entry: HandlerEntry, route: Route): RequestCall {
    const { direct, invoke } = route;
    // A handler that takes the message only ignores what else it is called with.
    const plain: RequestCall = direct ?? ((message, options, parent) => invoke(message, this.scopeOf(options, parent)));
    const habit: Habit = { instant: 0, isSlow: false };
    const watched: RequestCall = (message, options, parent) => {
      const result = plain(message, options, parent);
      if (result instanceof Promise) this.running.watch(result, habit, ended);
      return result;
    };
    const ended = () => {
      if (this.isTrusted(habit) && this.watched.get(type) === watched) this.trust(type, plain);
    };
    // A handler may have been registered while this one was compiled.
    if (this.registry.findRequest(type) === entry) this.watched.set(type, watched);
    return watched;
  }

  private trust(type: Type, call: RequestCall): void {
    this.trusted.set(type, call);
    if (this.isTrustTimed) return;
    this.isTrustTimed = true;
    setTimeout(() => {
      this.isTrustTimed = false;
      this.trusted.clear();
    }, TRUSTED_FOR).unref();
  }

  private keepEvent(type: Type, routes: readonly Route[]): EventRoutes {
    const needsContext = routes.some((route) => route.direct === undefined);
    const found: EventRoutes = { fanOut: new FanOut(routes), needsContext, habit: { instant: 0, isSlow: false } };
    if (!this.registry.isStale) this.events.set(type, found);
    return found;
  }

  /** One handler with its behaviours. */
  compile(entry: HandlerEntry): MaybePromise<Route> {
    const known = this.compiled.get(entry);
    if (known !== undefined) return known;
    const route = this.compiler.compile(entry);
    this.compiled.set(entry, route);
    if (isPromise(route)) {
      route.then(
        (done) => this.compiled.set(entry, done),
        () => this.compiled.delete(entry),
      );
    }
    return route;
  }

  private forget(): void {
    this.trusted.clear();
    this.watched.clear();
    this.events.clear();
  }
}
