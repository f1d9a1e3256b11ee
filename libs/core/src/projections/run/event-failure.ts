import { isCatgaError, NonRetriableError, type RetryPolicy } from '../../foundation/index.js';
import type { StoredEvent } from '../../store/index.js';
import { DeferredChangeError } from '../model/model-batch.js';

/** An event of a batch on which its projection threw. */
export interface EventFailure {
  /** Place of the event in the batch. */
  readonly index: number;
  readonly error: unknown;
}

/** A projection is to stand still before this event. */
export class PauseError extends Error {
  constructor(
    readonly event: StoredEvent,
    readonly attempts: number,
    override readonly cause: unknown,
  ) {
    super(`The projection cannot go on after event ${event.position}`);
    this.name = 'PauseError';
  }
}

/** Which event an error belongs to: a deferred change fails later than the event that asked for it. */
export function failureAt(index: number, error: unknown): EventFailure {
  if (!(error instanceof DeferredChangeError)) return { index, error };
  return { index: error.index, error: error.cause };
}

/** The store is away: the event is not to blame, and is tried for as long as it takes. */
export function isInfrastructure(error: unknown): boolean {
  return isCatgaError(error) && error.kind === 'infrastructure' && error.code.startsWith('CATGA_STORE_');
}

/** Whether trying the event once more may help. */
export function mayRetry(policy: RetryPolicy, attempts: number, error: unknown): boolean {
  if (attempts >= policy.attempts || error instanceof NonRetriableError) return false;
  return policy.retryIf === undefined || policy.retryIf(error);
}
