import { DomainError, isCatgaError, NonRetriableError } from '../foundation/index.js';

/**
 * True when trying again may help. Not for business refusals (`DomainError`, `NonRetriableError`, an HttpException
 * below 500), bad requests, faults of the configuration, and callers that no longer wait.
 */
export function isRetriable(error: unknown): boolean {
  if (error instanceof DomainError || error instanceof NonRetriableError) return false;
  if (isAbort(error)) return false;
  if (isCatgaError(error)) {
    if (error.code === 'CATGA_MEDIATOR_CLOSED') return false;
    return error.kind === 'infrastructure' || error.kind === 'internal';
  }
  return !(httpStatus(error) < 500);
}

function isAbort(error: unknown): boolean {
  return (error as { name?: unknown } | null | undefined)?.name === 'AbortError';
}

/** Status of a Nest HttpException, by shape: two copies of Nest must not matter. NaN for other errors. */
function httpStatus(error: unknown): number {
  const exception = error as { getStatus?: () => unknown } | null | undefined;
  return typeof exception?.getStatus === 'function' ? Number(exception.getStatus()) : Number.NaN;
}
