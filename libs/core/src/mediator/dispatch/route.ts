import type { HandlerContext, SendOptions } from '../../messages/index.js';
import type { Invoke } from '../pipeline/pipeline-compiler.js';

/** A handler with its pipeline, ready to be called. */
export interface Route {
  readonly messageName: string;
  readonly handlerName: string;
  /** Calls the handler without a context; only when there is no behaviour and it takes one argument. */
  readonly direct: ((message: object) => unknown) | undefined;
  readonly invoke: Invoke;
}

/** Brings a command or query to its handler: what `send` finds by the class of the message and calls. */
export type RequestCall = (message: object, options?: SendOptions, parent?: HandlerContext) => unknown;

/**
 * Starts a handler; a failure of any kind comes as a rejected promise.
 *
 * @param context may be left out only when every route of the message is `direct`
 */
export function startRoute(route: Route, message: object, context: HandlerContext | undefined): Promise<unknown> {
  try {
    const result =
      route.direct === undefined ? route.invoke(message, context as HandlerContext) : route.direct(message);
    return result instanceof Promise ? result : Promise.resolve(result);
  } catch (error) {
    return Promise.reject(error as Error);
  }
}
