import { isPromise, type MaybePromise } from '../../foundation/index.js';
import type { Type } from '../../messages/index.js';
import type { HandlerEntry, HandlerRegistry } from '../handlers/handler-registry.js';
import type { RouteCompiler } from './route-compiler.js';
import type { Route } from './route.js';

const NO_ROUTES: readonly Route[] = Object.freeze([]);

/** Compiled routes by message class; emptied whenever a handler is registered, filled again on the next look-up. */
export class RouteTable {
  /** Routes of commands and queries, by constructor. Read directly on the hot path. */
  readonly requests = new Map<unknown, Route>();
  private readonly events = new Map<unknown, readonly Route[]>();
  /** Entries are compiled once, even when two messages of a type come at the same time. */
  private readonly compiled = new Map<HandlerEntry, MaybePromise<Route>>();
  private isClosed = false;

  constructor(
    private readonly registry: HandlerRegistry,
    private readonly compiler: RouteCompiler,
  ) {
    registry.onChange(() => this.forget());
  }

  /** The route of a command or query; undefined when it has no handler. */
  request(type: Type): MaybePromise<Route | undefined> {
    const entry = this.registry.findRequest(type);
    if (entry === undefined) return undefined;
    const keep = (route: Route): Route => {
      // A handler may have been registered while this one was compiled.
      if (!this.isClosed && this.registry.findRequest(type) === entry) this.requests.set(type, route);
      return route;
    };
    const route = this.compile(entry);
    return isPromise(route) ? route.then(keep) : keep(route);
  }

  /** The routes of an event, of its base classes' handlers included. */
  event(type: Type): MaybePromise<readonly Route[]> {
    if (!this.registry.isStale) {
      const known = this.events.get(type);
      if (known !== undefined) return known;
    }
    const entries = this.registry.findEvent(type);
    if (entries.length === 0) return this.keepEvent(type, NO_ROUTES);
    const routes = entries.map((entry) => this.compile(entry));
    return routes.some((route) => isPromise(route))
      ? Promise.all(routes).then((all) => this.keepEvent(type, all))
      : this.keepEvent(type, routes as readonly Route[]);
  }

  /** Compiles everything that is registered. */
  async compileAll(): Promise<void> {
    for (const entry of this.registry.list()) {
      if (entry.kind === 'event') await this.event(entry.messageType);
      else await this.request(entry.messageType);
    }
  }

  /** Forgets every route for good. */
  close(): void {
    this.isClosed = true;
    this.forget();
  }

  private compile(entry: HandlerEntry): MaybePromise<Route> {
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

  private keepEvent(type: Type, routes: readonly Route[]): readonly Route[] {
    if (!this.isClosed && !this.registry.isStale) this.events.set(type, routes);
    return routes;
  }

  private forget(): void {
    this.requests.clear();
    this.events.clear();
  }
}
