import { Injectable, type InjectableOptions } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import type { HandlerContext, ResultOf, Type } from '../../messages/index.js';
import { HandlerMessageMissingError } from '../mediator.errors.js';
import type { MessageKind } from '../pipeline/pipeline-behavior.js';

/** Shape of a command handler; the second parameter may be left out. The same as in `@nestjs/cqrs`. */
export interface ICommandHandler<C extends object = object> {
  execute(command: C, context: HandlerContext): Promise<ResultOf<C>> | ResultOf<C>;
}

/** Shape of a query handler, see {@link ICommandHandler}. */
export interface IQueryHandler<Q extends object = object> {
  execute(query: Q, context: HandlerContext): Promise<ResultOf<Q>> | ResultOf<Q>;
}

/** Shape of an event handler; the second parameter may be left out. The same as in `@nestjs/cqrs`. */
export interface IEventHandler<E extends object = object> {
  handle(event: E, context: HandlerContext): unknown;
}

/** One message that a class says it handles. */
export interface HandlerBinding {
  readonly kind: MessageKind;
  readonly messageType: Type;
  /** Name of the decorator, for messages. */
  readonly decorator: string;
}

/** Marks handler classes so that Nest's discovery finds them by index instead of by scanning. */
export const HandlerMark = DiscoveryService.createDecorator<readonly HandlerBinding[]>();

/**
 * Makes a class the handler of a command: its `execute(command, context?)` is called. The class is injectable and has
 * to be a provider of a module.
 *
 * @param options Nest's options, e.g. `{ scope: Scope.REQUEST }`
 * @throws {HandlerMessageMissingError} at load: the command is undefined, mostly because of a circular import
 * @example
 * ```ts
 * @CommandHandler(CreateOrder)
 * export class CreateOrderHandler {
 *   constructor(private readonly orders: Orders) {}
 *   async execute(command: CreateOrder, context: HandlerContext): Promise<OrderResult> { … }
 * }
 * ```
 */
export function CommandHandler(command: Type, options?: InjectableOptions): ClassDecorator {
  return (target) => bindHandler(target, 'command', 'CommandHandler', [command], options);
}

/** Makes a class the handler of a query, see {@link CommandHandler}. */
export function QueryHandler(query: Type, options?: InjectableOptions): ClassDecorator {
  return (target) => bindHandler(target, 'query', 'QueryHandler', [query], options);
}

/**
 * Makes a class a handler of one or more events: its `handle(event, context?)` is called, also for classes derived from
 * these events. The last argument may be Nest's options.
 *
 * @throws {HandlerMessageMissingError} at load: an event is undefined, mostly because of a circular import
 * @example `@EventHandler(OrderCreated, OrderCancelled)`
 */
export function EventHandler(...events: readonly (Type | InjectableOptions)[]): ClassDecorator {
  return (target) => {
    const last = events.at(-1);
    const options = typeof last === 'object' && last !== null ? last : undefined;
    const types = (options === undefined ? events : events.slice(0, -1)) as readonly Type[];
    bindHandler(target, 'event', 'EventHandler', types.length === 0 ? [undefined as unknown as Type] : types, options);
  };
}

/** The name that `@nestjs/cqrs` uses for {@link EventHandler}. */
export const EventsHandler = EventHandler;

function bindHandler(
  target: object,
  kind: MessageKind,
  decorator: string,
  types: readonly Type[],
  options: InjectableOptions | undefined,
): void {
  const handlerType = target as Type;
  const missing = types.find((type) => typeof type !== 'function');
  if (types.some((type) => typeof type !== 'function')) {
    throw new HandlerMessageMissingError(handlerType.name, decorator, missing);
  }
  const bindings = types.map((messageType): HandlerBinding => ({ kind, messageType, decorator }));
  HandlerMark([...ownBindings(handlerType), ...bindings])(handlerType);
  // An @Injectable of the user below this decorator has run already; its scope must survive.
  if (options !== undefined || !isInjectable(handlerType)) Injectable(options)(handlerType);
}

/** What decorators have said about the class itself; not about its base classes. */
export function ownBindings(type: Type): readonly HandlerBinding[] {
  return (Reflect.getOwnMetadata(HandlerMark.KEY, type) as readonly HandlerBinding[] | undefined) ?? [];
}

const SUBSCRIBER = Symbol.for('catga:transport-subscriber');

/** Says that a handler class gets its events from the transport, not from `Mediator.publish`. For decorators. */
export function markSubscriber(target: object): void {
  Object.defineProperty(target, SUBSCRIBER, { value: true });
}

/** True for classes marked with {@link markSubscriber}, not for those derived from them. */
export function isSubscriber(target: object): boolean {
  return Object.hasOwn(target, SUBSCRIBER);
}

/** Nest's public way to see an `@Injectable` is to look for what it leaves behind. */
function isInjectable(type: Type): boolean {
  return Reflect.getOwnMetadataKeys(type).includes('__injectable__');
}
