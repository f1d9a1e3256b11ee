declare const RESULT: unique symbol;

/**
 * Base of messages that change something. `R` is what the handler returns, so `await mediator.send(command)` is typed.
 *
 * @example
 * ```ts
 * class CreateOrder extends Command<OrderResult> {
 *   constructor(readonly orderId: string, readonly items: OrderItem[]) { super(); }
 * }
 * ```
 */
export abstract class Command<R = void> {
  /** Carries the result type; never there at run time. */
  declare readonly [RESULT]?: R;
}

/** Base of messages that only read. See {@link Command}. */
export abstract class Query<R = unknown> {
  /** Carries the result type; never there at run time. */
  declare readonly [RESULT]?: R;
}

/** A command or a query. */
export type Request<R = unknown> = Command<R> | Query<R>;

/** The result type of a command or query class or instance. */
export type ResultOf<M> = M extends Command<infer R> ? R : M extends Query<infer R> ? R : unknown;

/** A class whose instances are `T`. */
// eslint-disable-next-line typescript/no-explicit-any -- constructors of any parameters; `unknown[]` would refuse them
export type Type<T = unknown> = abstract new (...args: any[]) => T;
