export { CatgaError, isCatgaError, type CatgaErrorOptions, type ErrorKind } from './catga-error.js';
export { coarseNow, systemClock, type Clock } from './clock.js';
export { InvalidDurationError, toMilliseconds, type Duration } from './duration.js';
export { allOf, chain, isPromise, settle, type MaybePromise } from './maybe-promise.js';
export { DomainError, NonRetriableError, RetryAfterError } from './failures.js';
export { RETRY_METADATA, Retry, TIMEOUT_METADATA, Timeout } from './policy.decorators.js';
export {
  backoffDelay,
  longestBackoff,
  DEFAULT_RETRY,
  resolveRetry,
  type RetryOptions,
  type RetryPolicy,
} from './retry-policy.js';
export { assertKnownOptions, InvalidOptionError, UnknownOptionError } from './known-options.js';
export { nearestName } from './nearest-name.js';
export { TextIdGenerator } from './text-id.js';
export { fault, type Fault } from './fault.js';
export { Fifo } from './fifo.js';
export { optionalImport } from './optional-import.js';
