import type { InjectionToken } from '@nestjs/common';
import type { HandlerContext, Type } from '../../messages/index.js';

/**
 * The rest of the pipeline: the behaviours after this one, then the handler. Both arguments must be given (that keeps
 * the pipeline free of closures): hand on what you got, or another message or context.
 */
export type Next<R = unknown> = (message: object, context: HandlerContext) => Promise<R>;

/** What a message is to the mediator. */
export type MessageKind = 'command' | 'query' | 'event';

/** One message type with one handler: what a pipeline is compiled for. */
export interface DispatchTarget {
  readonly kind: MessageKind;
  readonly messageType: Type;
  /** Wire name of the message, see `messageName`. */
  readonly messageName: string;
  /** Name of the handler class, or what was registered. */
  readonly handlerName: string;
  /** The handler class; undefined when the handler is no class of the application, e.g. a process. */
  readonly handlerType?: Type | undefined;
}

/**
 * Something that happens around handlers: logging, validation, transactions, … Injectable; put it into
 * `mediator.behaviors` for all messages, or `@UseBehaviors(…)` on a message or handler class.
 *
 * @example
 * ```ts
 * @Injectable()
 * export class AuditBehavior implements PipelineBehavior {
 *   constructor(private readonly audit: AuditLog) {}
 *   async handle(message: object, next: Next, context: HandlerContext) {
 *     const result = await next(message, context);
 *     await this.audit.write(context.messageId, message);
 *     return result;
 *   }
 * }
 * ```
 */
export interface PipelineBehavior {
  handle(message: object, next: Next, context: HandlerContext): Promise<unknown>;

  /**
   * Called once for each message type and handler when the pipeline is compiled. Answers with the behaviour to use
   * there (itself, or one with everything about the type worked out beforehand), or undefined to take no part, which
   * then costs nothing. Default: takes part. Not called for request-scoped behaviours.
   */
  prepare?(target: DispatchTarget): PipelineBehavior | undefined | Promise<PipelineBehavior | undefined>;
}

/** Builds a behaviour with options of its own; built-in behaviours make one with their static `with(options)`. */
export interface BehaviorFactory {
  /** The class of the behaviour; the pipeline holds at most one of each. */
  readonly behavior: Type<PipelineBehavior>;
  readonly inject: readonly InjectionToken[];
  create(...dependencies: never[]): PipelineBehavior;
}

/**
 * How a behaviour is named in options and decorators: its class (injected, or created with its dependencies when no
 * module provides it), a factory such as `TimeoutBehavior.with('5s')`, or an instance.
 */
export type BehaviorRef = Type<PipelineBehavior> | BehaviorFactory | PipelineBehavior;

/** True for {@link BehaviorFactory}. */
export function isBehaviorFactory(ref: BehaviorRef): ref is BehaviorFactory {
  return typeof ref === 'object' && typeof (ref as Partial<BehaviorFactory>).create === 'function' && 'behavior' in ref;
}

/** The class behind a reference. */
export function behaviorType(ref: BehaviorRef): Type {
  if (typeof ref === 'function') return ref;
  return isBehaviorFactory(ref) ? ref.behavior : (ref.constructor as Type);
}
