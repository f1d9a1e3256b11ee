import { toMilliseconds, type Duration } from './duration.js';

/** How often and how patiently something is tried. */
export interface RetryOptions {
  /** Attempts in all, the first one included. Default 3. 1: no retry. */
  readonly attempts?: number;
  /** Wait before the second attempt; doubles with each further one, with jitter. Default 1 s. */
  readonly backoff?: Duration;
  /** The longest wait between two attempts. Default 5 min. */
  readonly maxBackoff?: Duration;
  /** Says no to an error that trying again cannot mend. Asked after the built-in rules. */
  readonly retryIf?: (error: unknown) => boolean;
}

/** {@link RetryOptions} with every default filled in, in milliseconds. */
export interface RetryPolicy {
  readonly attempts: number;
  readonly backoff: number;
  readonly maxBackoff: number;
  readonly retryIf?: (error: unknown) => boolean;
}

export const DEFAULT_RETRY: RetryPolicy = { attempts: 3, backoff: 1_000, maxBackoff: 300_000 };

/** Fills the gaps of `options` from `base`. */
export function resolveRetry(options: RetryOptions, base: RetryPolicy = DEFAULT_RETRY): RetryPolicy {
  const retryIf = options.retryIf ?? base.retryIf;
  return {
    attempts: options.attempts ?? base.attempts,
    backoff: options.backoff === undefined ? base.backoff : toMilliseconds(options.backoff, 'retry.backoff'),
    maxBackoff:
      options.maxBackoff === undefined ? base.maxBackoff : toMilliseconds(options.maxBackoff, 'retry.maxBackoff'),
    ...(retryIf ? { retryIf } : {}),
  };
}

/**
 * Milliseconds to wait after attempt number `failedAttempt` (1 for the first): exponential with jitter between half
 * and the whole of the step, so that many callers who failed together do not come back together.
 */
export function backoffDelay(policy: RetryPolicy, failedAttempt: number, random: () => number = Math.random): number {
  const ceiling = longestBackoff(policy, failedAttempt);
  return Math.round(ceiling / 2 + random() * (ceiling / 2));
}

/** Milliseconds that {@link backoffDelay} gives at most; it gives at least half of them. */
export function longestBackoff({ backoff, maxBackoff }: RetryPolicy, failedAttempt: number): number {
  return Math.min(maxBackoff, backoff * 2 ** Math.min(failedAttempt - 1, 30));
}
