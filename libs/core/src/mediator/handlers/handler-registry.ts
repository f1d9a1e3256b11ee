import { nearestName } from '../../foundation/index.js';
import { messageIdentity, messageName, type HandlerContext, type Type } from '../../messages/index.js';
import { DuplicateHandlerError, DuplicateMessageNameError } from '../mediator.errors.js';
import type { MessageKind } from '../pipeline/pipeline-behavior.js';
import type { BehaviorResolver } from '../pipeline/behavior-resolver.js';

/** What {@link HandlerRegistry.registerCommand} takes. */
export interface HandlerRegistration {
  /** Shown in errors, logs and metrics: the handler class or the process. */
  readonly name: string;
  /** Name of the module that it comes from. */
  readonly module?: string | undefined;
  /** The handler class, for its decorators; left out when there is none. */
  readonly handlerType?: Type | undefined;
  /** Handles the message. May throw, answer at once or with a promise. */
  readonly invoke: (message: object, context: HandlerContext) => unknown;
  /** Handles the message without a context, which is then never made; only for handlers that take one argument. */
  readonly direct?: ((message: object) => unknown) | undefined;
  /** Finds the behaviours named in its decorators. Left out: those of the mediator. */
  readonly resolver?: BehaviorResolver | undefined;
}

/** A registered handler. */
export interface HandlerEntry extends HandlerRegistration {
  readonly kind: MessageKind;
  readonly messageType: Type;
}

/** Somebody who may know handlers that are not registered yet, e.g. of lazily loaded modules. */
export interface HandlerSource {
  /** True when there may be new handlers; asked often, so it must be cheap. */
  isStale(): boolean;
  /** Registers what is new. */
  refresh(): void;
}

/**
 * Which handler gets which message, for one application. Injectable: dashboards list it, and the process engine
 * registers its processes here.
 */
export class HandlerRegistry {
  private readonly requests = new Map<Type, HandlerEntry>();
  private readonly events = new Map<Type, HandlerEntry[]>();
  private readonly remote: HandlerEntry[] = [];
  private readonly names = new Map<string, Type>();
  private readonly listeners: (() => void)[] = [];
  private source: HandlerSource | undefined;

  /**
   * Says who handles a command. Works before and after boot.
   *
   * @throws {DuplicateHandlerError} it has a handler already
   * @throws {DuplicateMessageNameError} another class has its wire name
   */
  registerCommand(messageType: Type, handler: HandlerRegistration): void {
    this.registerRequest({ ...pick(handler), kind: 'command', messageType });
  }

  /** Says who handles a query, see {@link registerCommand}. */
  registerQuery(messageType: Type, handler: HandlerRegistration): void {
    this.registerRequest({ ...pick(handler), kind: 'query', messageType });
  }

  /**
   * Adds a handler of an event and of every event class derived from it.
   *
   * @throws {DuplicateMessageNameError} another class has its wire name
   */
  registerEvent(messageType: Type, handler: HandlerRegistration): void {
    this.claimName(messageType);
    const others = this.events.get(messageType) ?? [];
    this.events.set(messageType, [...others, { ...pick(handler), kind: 'event', messageType }]);
    this.changed();
  }

  /**
   * Adds a handler of an event that comes through the transport only: `Mediator.publish` does not reach it.
   *
   * @throws {DuplicateMessageNameError} another class has its wire name
   */
  registerSubscriber(messageType: Type, handler: HandlerRegistration): void {
    this.claimName(messageType);
    this.remote.push({ ...pick(handler), kind: 'event', messageType });
    this.changed();
  }

  /** What was added with {@link registerSubscriber}, in that order. */
  get subscribers(): readonly HandlerEntry[] {
    return this.remote;
  }

  /** The handler of a command or query: of its class, or of the nearest base class that has one. */
  findRequest(messageType: Type): HandlerEntry | undefined {
    return this.lookUp(messageType) ?? (this.refresh() ? this.lookUp(messageType) : undefined);
  }

  /** Handlers of an event class and of its base classes, each once. */
  findEvent(messageType: Type): readonly HandlerEntry[] {
    this.refresh();
    const found = new Map<unknown, HandlerEntry>();
    for (const type of lineage(messageType)) {
      for (const entry of this.events.get(type) ?? []) {
        const identity = entry.handlerType ?? entry;
        if (!found.has(identity)) found.set(identity, entry);
      }
    }
    return [...found.values()];
  }

  /** Every handler that this node's mediator calls, by message name and then handler name. */
  list(): readonly HandlerEntry[] {
    const all = [...this.requests.values(), ...[...this.events.values()].flat()];
    return all.sort((a, b) => order(messageName(a.messageType), messageName(b.messageType)) || order(a.name, b.name));
  }

  /** Name of a handled command or query that is written almost like this one. */
  nearest(name: string): string | undefined {
    return nearestName(name, [...this.requests.keys()].map(messageName));
  }

  /** Where to ask for handlers when a message has none. */
  useSource(source: HandlerSource): void {
    this.source = source;
  }

  /** True when {@link findEvent} may answer more than before. */
  get isStale(): boolean {
    return this.source !== undefined && this.source.isStale();
  }

  /** Calls back whenever a handler was registered. */
  onChange(listener: () => void): void {
    this.listeners.push(listener);
  }

  private registerRequest(entry: HandlerEntry): void {
    const { messageType } = entry;
    const first = this.requests.get(messageType);
    if (first !== undefined) throw new DuplicateHandlerError(messageName(messageType), first, entry);
    this.claimName(messageType);
    this.requests.set(messageType, entry);
    this.changed();
  }

  private claimName(messageType: Type): void {
    const { name, version, isExplicit } = messageIdentity(messageType);
    // Classes without a decorator may share a name: nothing is stored or sent under it.
    if (!isExplicit) return;
    const key = `${name}@${version}`;
    const owner = this.names.get(key);
    if (owner !== undefined && owner !== messageType) {
      throw new DuplicateMessageNameError(name, version, owner.name, messageType.name);
    }
    this.names.set(key, messageType);
  }

  private lookUp(messageType: Type): HandlerEntry | undefined {
    for (const type of lineage(messageType)) {
      const entry = this.requests.get(type);
      if (entry !== undefined) return entry;
    }
    return undefined;
  }

  private refresh(): boolean {
    if (!this.isStale) return false;
    this.source?.refresh();
    return true;
  }

  private changed(): void {
    for (const listener of this.listeners) listener();
  }
}

/** The class itself, then its base classes. */
function lineage(type: Type): Type[] {
  const line: Type[] = [];
  for (let at: unknown = type; typeof at === 'function' && at !== Function.prototype; at = Object.getPrototypeOf(at)) {
    line.push(at as Type);
  }
  return line;
}

/** Copies, so that methods of a class instance given as registration keep their `this`. */
function pick(handler: HandlerRegistration): HandlerRegistration {
  const { name, module, handlerType, direct, resolver } = handler;
  return {
    name,
    module,
    handlerType,
    direct,
    resolver,
    invoke: (message, context) => handler.invoke(message, context),
  };
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
