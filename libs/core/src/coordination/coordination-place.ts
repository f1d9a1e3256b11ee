import { StoreIdempotency, type IdempotencyStore } from '../idempotency/index.js';
import type { Store } from '../store/index.js';
import type { CacheBackend } from './cache/cache-backend.js';
import { StoreCache } from './cache/store-cache.js';
import type { LockBackend } from './lock/lock-backend.js';
import { StoreLocks } from './lock/store-locks.js';
import type { RateLimitBackend } from './rate-limit/rate-limit-backend.js';
import { StoreLimits } from './rate-limit/store-limits.js';

/**
 * Where the nodes of an application coordinate: all that is needed for locks, cache, rate limits and idempotency. Packages
 * provide one under `CATGA_COORDINATION`; Catga opens and closes it.
 */
export interface CoordinationPlace {
  /** Short name for messages: `redis`, … */
  readonly name: string;
  readonly locks: LockBackend;
  readonly cache: CacheBackend;
  readonly rateLimits: RateLimitBackend;
  readonly idempotency: IdempotencyStore;
  open(): Promise<void>;
  /** Waits for nothing: whoever uses it has ended. */
  close(): Promise<void>;
}

/** The records of a store as the place: what an application has unless a package brings one of its own. */
export class StoreCoordination implements CoordinationPlace {
  readonly locks: LockBackend;
  readonly cache: CacheBackend;
  readonly rateLimits: RateLimitBackend;
  readonly idempotency: IdempotencyStore;

  constructor(private readonly store: Store) {
    this.locks = new StoreLocks(store);
    this.cache = new StoreCache(store);
    this.rateLimits = new StoreLimits(store);
    this.idempotency = new StoreIdempotency(store);
  }

  get name(): string {
    return this.store.capabilities.name;
  }

  /** Does nothing: whoever owns the store opens it. */
  async open(): Promise<void> {}

  /** Does nothing: whoever owns the store closes it. */
  async close(): Promise<void> {}
}
