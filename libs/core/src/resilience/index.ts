export { isRetriable } from './is-retriable.js';
export { MessageTimeoutError } from './resilience.errors.js';
export { RetryBehavior } from './retry.behavior.js';
export { TimeoutBehavior } from './timeout.behavior.js';
// A circuit breaker, rate limiter, bulkhead and tracing come here as further behaviours; see PipelineBehavior.prepare.
