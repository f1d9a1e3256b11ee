import { CatgaError, DomainError, isCatgaError } from '../foundation/index.js';
import { HandlerFailedError } from './mediator.errors.js';

/**
 * Outcome of `mediator.trySend`: either a value or an error with a stable code, told apart by `ok`.
 *
 * @example
 * ```ts
 * const result = await mediator.trySend(new CreateOrder('42'));
 * return result.ok ? result.value : problem(result.error.code, result.error.message);
 * ```
 */
export type CatgaResult<T> = CatgaSuccess<T> | CatgaFailure;

/** {@link CatgaResult} of a message that was handled. */
export interface CatgaSuccess<T> {
  readonly ok: true;
  readonly value: T;
}

/** {@link CatgaResult} of a message that failed. */
export interface CatgaFailure {
  readonly ok: false;
  /** An error without a code of Catga comes wrapped in a {@link HandlerFailedError}, as its `cause`. */
  readonly error: CatgaError;
}

/** The result of a message that was handled. */
export function success<T>(value: T): CatgaResult<T> {
  return { ok: true, value };
}

/** The result of a message that failed. */
export function failure(error: unknown, message: string): CatgaFailure {
  if (error instanceof CatgaError || isCatgaError(error)) return { ok: false, error };
  return { ok: false, error: new HandlerFailedError(message, error instanceof DomainError, error) };
}
