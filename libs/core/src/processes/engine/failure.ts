import { inspect } from 'node:util';
import {
  DomainError,
  NonRetriableError,
  RetryAfterError,
  backoffDelay,
  isCatgaError,
  type RetryPolicy,
} from '../../foundation/index.js';
import type { Payload } from '../../store/index.js';
import { ProcessStepOutcomeUnknownError, ProcessStepTimeoutError } from '../api/process.errors.js';
import type { RecordedError } from '../api/process.types.js';
import type { Values } from '../journal/values.js';

/**
 * What an error thrown by a step means for the run.
 *
 * - `infrastructure`: store or transport are away; says nothing about the step. Tried again until they are back.
 * - `refused`: a plain no. Not tried again, nothing to undo.
 * - `unknown`: no answer. Tried again; the effect may have happened.
 * - `failed`: any other error. Tried again as configured; the effect may have happened, errors get lost on their way too.
 */
export type FailureKind = 'infrastructure' | 'refused' | 'unknown' | 'failed';

export function classify(error: unknown): FailureKind {
  if (error instanceof ProcessStepTimeoutError || error instanceof ProcessStepOutcomeUnknownError) return 'unknown';
  if (error instanceof DomainError || error instanceof NonRetriableError) return 'refused';
  if (isCatgaError(error)) {
    if (/^CATGA_(STORE|TRANSPORT)_|^CATGA_MEDIATOR_CLOSED$/.test(error.code)) return 'infrastructure';
    // Somebody else wrote first: another attempt decides again on what is there now.
    if (/^CATGA_(VERSION|RECORD)_CONFLICT$/.test(error.code)) return 'failed';
    return error.kind === 'infrastructure' || error.kind === 'internal' ? 'failed' : 'refused';
  }
  return httpStatus(error) < 500 ? 'refused' : 'failed';
}

/** Milliseconds until the next attempt, or undefined when there is none. `failures` counts this one. */
export function retryDelay(
  error: unknown,
  kind: FailureKind,
  failures: number,
  policy: RetryPolicy,
): number | undefined {
  if (kind === 'refused' || failures >= policy.attempts) return undefined;
  if (policy.retryIf && !policy.retryIf(error)) return undefined;
  return error instanceof RetryAfterError ? error.retryAfter : backoffDelay(policy, failures);
}

/** An error must always be storable: what cannot be encoded whole is kept as name, message, code and stack. */
export function encodeError(error: unknown, values: Values): Payload {
  try {
    return values.encode(error);
  } catch {
    const plain = new Error(describeError(error).message);
    const { name, code, stack } = describeError(error);
    return values.encode(Object.assign(plain, { name, stack }, code === undefined ? {} : { code }));
  }
}

/** An error for lists and messages. */
export function describeError(error: unknown): RecordedError {
  if (typeof error !== 'object' || error === null) return { name: 'Error', message: String(error) };
  const { name, message, code, stack } = error as Partial<Record<keyof RecordedError, unknown>>;
  return {
    name: typeof name === 'string' ? name : 'Error',
    message: typeof message === 'string' ? message : inspect(error),
    ...(typeof code === 'string' ? { code } : {}),
    ...(typeof stack === 'string' ? { stack } : {}),
  };
}

/** Status of a Nest HttpException, found by shape: two copies of Nest must not matter. Infinity for other errors. */
function httpStatus(error: unknown): number {
  const getStatus = (error as { getStatus?: unknown } | null)?.getStatus;
  if (typeof getStatus !== 'function') return Number.POSITIVE_INFINITY;
  const status: unknown = getStatus.call(error);
  return typeof status === 'number' ? status : Number.POSITIVE_INFINITY;
}
