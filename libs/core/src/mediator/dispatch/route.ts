import type { HandlerContext, SendOptions } from '../../messages/index.js';
import type { Invoke } from '../pipeline/pipeline-compiler.js';
import type { Habit } from './running-handlers.js';

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

/** Everything that handles one event class. */
export interface EventRoutes {
  readonly routes: readonly Route[];
  readonly habit: Habit;
}

/** Starts a handler; a failure of any kind comes as a rejected promise. */
export function startRoute(route: Route, message: object, context: HandlerContext): Promise<unknown> {
  try {
    const result = route.direct === undefined ? route.invoke(message, context) : route.direct(message);
    return result instanceof Promise ? result : Promise.resolve(result);
  } catch (error) {
    return Promise.reject(error as Error);
  }
}
