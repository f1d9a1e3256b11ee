import type { CatgaContext } from './catga.context.js';

const MARK = Symbol.for('catga:remembers-errors');
/** By context: shared by all copies of this package, as the mark is. */
const ERRORS = Symbol.for('catga:original-error');

interface ExceptionsHandler {
  handle: (
    this: ExceptionsHandler,
    exception: unknown,
    host: { getArgByIndex?(index: number): unknown },
    ...rest: unknown[]
  ) => unknown;
}

/**
 * Lets contexts remember what a method, guard, pipe or interceptor threw.
 *
 * Nest replaces everything but an `RpcException` by `Internal server error` before a strategy sees it. That is right for
 * the caller of a request, who must not read about our insides, and useless in a dead letter, which is for us. Nest has
 * no hook between the two, so we listen at the one class that every such error passes; what it does stays the same.
 * Contexts of other strategies are not touched. Without that class (another version of Nest) dead letters say
 * `Internal server error`, and Nest's log has the rest.
 */
export async function rememberOriginalErrors(): Promise<void> {
  const found = await import('@nestjs/microservices/exceptions/rpc-exceptions-handler.js').catch(() => undefined);
  const prototype = found?.RpcExceptionsHandler.prototype as (ExceptionsHandler & { [MARK]?: true }) | undefined;
  if (prototype === undefined || prototype[MARK] === true) return;
  const { handle } = prototype;
  prototype.handle = function (exception, host, ...rest) {
    remember(host.getArgByIndex?.(1), exception);
    return handle.call(this, exception, host, ...rest);
  };
  prototype[MARK] = true;
}

/** Asks a context to remember; others are left alone. */
export function willRemember(context: CatgaContext): void {
  Object.defineProperty(context, ERRORS, { value: undefined, writable: true, enumerable: false });
}

/** The last error that was thrown with this context, before Nest's filters made something else of it. */
export function originalError(context: CatgaContext): unknown {
  return (context as { [ERRORS]?: unknown })[ERRORS];
}

function remember(context: unknown, exception: unknown): void {
  if (typeof context !== 'object' || context === null || !Object.hasOwn(context, ERRORS)) return;
  (context as { [ERRORS]?: unknown })[ERRORS] = exception;
}
