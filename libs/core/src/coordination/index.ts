export { DistributedLock } from './lock/distributed-lock.js';
export type { Lock } from './lock/lock.js';
export type { LockAnswer, LockBackend, LockRequest } from './lock/lock-backend.js';
export { LockLostError, LockTimeoutError } from './lock/lock.errors.js';
export { type LockDefaults, type LockOptions } from './lock/lock.options.js';
export { MemoryLocks } from './lock/memory-locks.js';
export { LOCK_COLLECTION, StoreLocks } from './lock/store-locks.js';
export { MemoryLimits } from './rate-limit/memory-limits.js';
export type {
  RateLimitBackend,
  RateLimitDecision,
  RateLimitRequest,
  RateLimitStatus,
} from './rate-limit/rate-limit-backend.js';
export {
  RateLimitConflictError,
  RateLimitExceededError,
  RateLimitPermitsError,
  UnknownRateLimitError,
} from './rate-limit/rate-limit.errors.js';
export { type RateLimitPolicy, type RateLimitSettings } from './rate-limit/rate-limit.options.js';
export { RateLimiter, type AcquireOptions } from './rate-limit/rate-limiter.js';
export { RateLimiters } from './rate-limit/rate-limiters.js';
export { RATE_LIMIT_COLLECTION, StoreLimits } from './rate-limit/store-limits.js';
export { LOCK_TURN } from './lock/lock-state.js';
export { RATE_LIMIT_PARTS } from './rate-limit/limit-state.js';
export { Cache, type CacheCounts, type CacheDefaults } from './cache/cache.js';
export type {
  CacheBackend,
  CacheFlight,
  CacheFlights,
  CacheHit,
  CachePayload,
  CacheWrite,
} from './cache/cache-backend.js';
export type { CacheGetOrSetOptions, CacheSetOptions } from './cache/cache.options.js';
export { MemoryCache, type MemoryCacheOptions } from './cache/memory-cache.js';
export { CACHE_COLLECTION, StoreCache } from './cache/store-cache.js';
export { resolveCoordinationOptions, type CacheOptions, type CoordinationOptions } from './coordination.options.js';
export { StoreCoordination, type CoordinationPlace } from './coordination-place.js';
export { DuplicateCoordinationError } from './coordination.errors.js';
export { COORDINATION_EXPORTS, coordinationProviders } from './coordination.providers.js';
