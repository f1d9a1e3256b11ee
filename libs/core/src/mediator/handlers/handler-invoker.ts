import type { HandlerContext, Type } from '../../messages/index.js';
import type { ScopedProviders } from './scoped-providers.js';

type Method = (message: object, context?: HandlerContext) => unknown;

/** How to call a handler. */
export interface HandlerCall {
  invoke(message: object, context: HandlerContext): unknown;
  readonly direct: ((message: object) => unknown) | undefined;
}

/** Calls the method of a singleton. */
export function staticCall(instance: object, method: string): HandlerCall {
  const call = ((instance as Record<string, unknown>)[method] as Method).bind(instance);
  return { invoke: call, direct: takesMessageOnly(instance, method) ? call : undefined };
}

/** Makes an instance for every message, as Nest's request and transient scopes want it. */
export function scopedCall(providers: ScopedProviders, token: unknown, method: string): HandlerCall {
  return {
    direct: undefined,
    invoke: async (message, context) => {
      const instance = await providers.resolve(token as Type<Record<string, Method>>, context, true);
      return (instance[method] as Method).call(instance, message, context);
    },
  };
}

/**
 * True when the method can be called without a context. Exactly one declared parameter says so, unless it could look at
 * `arguments`, has rest or default parameters, or is a wrapper (those declare none).
 */
function takesMessageOnly(instance: object, method: string): boolean {
  const call = (instance as Record<string, unknown>)[method] as Method;
  if (call.length !== 1) return false;
  const source = Function.prototype.toString.call(call);
  const parameters = source.slice(0, source.indexOf(')') + 1);
  return (
    !/\barguments\b/.test(source) && !/\.\.\.|=|\[native code\]/.test(parameters) && !source.includes('[native code]')
  );
}
