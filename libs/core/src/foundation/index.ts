export { CatgaError, isCatgaError, type CatgaErrorOptions, type ErrorKind } from './catga-error.js';
export { coarseNow, systemClock, type Clock } from './clock.js';
export { InvalidDurationError, toMilliseconds, type Duration } from './duration.js';
export { isPromise, type MaybePromise } from './maybe-promise.js';
export { DomainError, NonRetriableError, RetryAfterError } from './failures.js';
export { RETRY_METADATA, Retry, TIMEOUT_METADATA, Timeout } from './policy.decorators.js';
export { backoffDelay, DEFAULT_RETRY, resolveRetry, type RetryOptions, type RetryPolicy } from './retry-policy.js';
