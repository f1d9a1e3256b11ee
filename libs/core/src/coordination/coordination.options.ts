import { assertKnownOptions, InvalidOptionError, toMilliseconds, type Duration } from '../foundation/index.js';
import { MemoryCache } from './cache/memory-cache.js';
import { resolveLockOptions, type LockDefaults } from './lock/lock.options.js';
import { resolveRateLimitPolicy, type RateLimitPolicy } from './rate-limit/rate-limit.options.js';

/** How the injected `Cache` works. */
export interface CacheOptions {
  /** How long values are used when `set` and `getOrSet` do not say. Default 5 min. */
  readonly ttl?: Duration | undefined;
  /**
   * `shared`: in Redis, or in the records of the store. `memory`: on each node its own. Default: `shared`, but `memory`
   * while the store is the memory store.
   */
  readonly place?: 'shared' | 'memory' | undefined;
  /** With `place: 'memory'`: most values. Default 10,000. */
  readonly maxEntries?: number | undefined;
  /** With `place: 'memory'`: most bytes of keys and encoded values, roughly. Default 64 MiB. */
  readonly maxBytes?: number | undefined;
}

/** Locks, cache and rate limits of the application. */
export interface CoordinationOptions {
  /** What `DistributedLock` does unless told otherwise. */
  readonly lock?: LockDefaults | undefined;
  readonly cache?: CacheOptions | undefined;
  /** Policies by name, for `RateLimiters.get`. */
  readonly rateLimits?: Readonly<Record<string, RateLimitPolicy>> | undefined;
}

/**
 * Checks the options.
 *
 * @throws {UnknownOptionError} @throws {InvalidOptionError} @throws {InvalidDurationError}
 */
export function resolveCoordinationOptions(options: CoordinationOptions = {}): CoordinationOptions {
  assertKnownOptions('coordination', options, ['lock', 'cache', 'rateLimits']);
  const { lock, cache = {}, rateLimits = {} } = options;
  assertKnownOptions('coordination.lock', lock, ['ttl', 'wait']);
  resolveLockOptions('coordination.lock', lock);
  assertCacheOptions(cache);
  for (const [name, policy] of Object.entries(rateLimits)) {
    resolveRateLimitPolicy(`coordination.rateLimits.${name}`, policy);
  }
  return options;
}

function assertCacheOptions(options: CacheOptions): void {
  assertKnownOptions('coordination.cache', options, ['ttl', 'place', 'maxEntries', 'maxBytes']);
  const { ttl, place, maxEntries, maxBytes } = options;
  if (ttl !== undefined) toMilliseconds(ttl, 'coordination.cache.ttl');
  if (place !== undefined && place !== 'shared' && place !== 'memory') {
    throw new InvalidOptionError('coordination.cache.place', place, `'shared' or 'memory'`);
  }
  if (maxEntries === undefined && maxBytes === undefined) return;
  if (place !== 'memory') {
    throw new InvalidOptionError(
      'coordination.cache.place',
      place,
      `'memory', to which maxEntries and maxBytes belong`,
    );
  }
  // It checks the numbers.
  new MemoryCache({ maxEntries, maxBytes });
}
