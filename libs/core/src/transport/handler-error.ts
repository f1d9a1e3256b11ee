import type { MessageDeadLetter } from './dead-letters.js';

/** Why a handler failed, as a dead letter keeps it: of an unprocessable message its cause, if there is one. For transports. */
export function describeHandlerError(error: unknown): MessageDeadLetter['error'] {
  if (isUnprocessable(error) && isDescribed((error as Error).cause))
    return describeHandlerError((error as Error).cause);
  if (typeof error !== 'object' || error === null) return { name: 'Error', message: String(error) };
  const { name, message, code, stack } = error as Partial<Error> & { code?: unknown };
  return {
    name: typeof name === 'string' ? name : 'Error',
    message: typeof message === 'string' ? message : Object.prototype.toString.call(error),
    ...(typeof code === 'string' ? { code } : {}),
    ...(typeof stack === 'string' ? { stack } : {}),
  };
}

/** True for an error that makes its message a dead letter at once, also when two copies of the package are loaded. */
export function isUnprocessable(error: unknown): boolean {
  return (error as { code?: unknown } | null | undefined)?.code === 'CATGA_UNPROCESSABLE_MESSAGE';
}

/** A cause that says more than that the message is unprocessable: it has a code of its own. */
function isDescribed(cause: unknown): boolean {
  return typeof (cause as { code?: unknown } | null | undefined)?.code === 'string';
}
