import 'reflect-metadata';
import type { Duration } from './duration.js';
import type { RetryOptions } from './retry-policy.js';

/** Where {@link Retry} leaves its options: on the method of a step, or on a handler class. */
export const RETRY_METADATA = 'catga:retry';
/** Where {@link Timeout} leaves its duration. */
export const TIMEOUT_METADATA = 'catga:timeout';

/**
 * Says how often a step of a process, or a handler, is tried.
 *
 * @example `@Retry({ attempts: 5, backoff: '2s' })`
 */
export function Retry(options: RetryOptions): MethodDecorator & ClassDecorator {
  return (target: object, key?: string | symbol) => {
    if (key === undefined) Reflect.defineMetadata(RETRY_METADATA, options, target);
    else Reflect.defineMetadata(RETRY_METADATA, options, target, key);
  };
}

/**
 * The longest one attempt of a step, or a handler, may take.
 *
 * @example `@Timeout('60s')`
 */
export function Timeout(limit: Duration): MethodDecorator & ClassDecorator {
  return (target: object, key?: string | symbol) => {
    if (key === undefined) Reflect.defineMetadata(TIMEOUT_METADATA, limit, target);
    else Reflect.defineMetadata(TIMEOUT_METADATA, limit, target, key);
  };
}
