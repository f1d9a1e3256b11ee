import type { OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import type { Codec } from '../store/index.js';
import { Cache } from './cache/cache.js';
import { MemoryCache } from './cache/memory-cache.js';
import type { CoordinationOptions } from './coordination.options.js';
import type { CoordinationPlace } from './coordination-place.js';
import { DistributedLock } from './lock/distributed-lock.js';
import { RateLimiters } from './rate-limit/rate-limiters.js';

/** What a {@link CoordinationHost} is made of. */
export interface CoordinationParts {
  readonly place: CoordinationPlace;
  readonly codec: Codec;
  readonly options: CoordinationOptions;
  /** Whether a cache is worth more there than in the memory of this node. */
  readonly isShared: boolean;
}

/**
 * Locks, cache and rate limits of one application. Whoever injects them stands above it in Nest's order of hooks, so it is
 * opened before and closed after them; the locks that are still held then are released.
 */
export class CoordinationHost implements OnModuleInit, OnApplicationShutdown {
  readonly place: CoordinationPlace;
  readonly locks: DistributedLock;
  readonly cache: Cache;
  readonly rateLimiters: RateLimiters;
  private opening: Promise<void> | undefined;

  constructor({ place, codec, options: { lock, cache = {}, rateLimits }, isShared }: CoordinationParts) {
    const { ttl, place: kind = isShared ? 'shared' : 'memory', maxEntries, maxBytes } = cache;
    this.place = place;
    this.locks = new DistributedLock(place.locks, lock);
    this.cache = new Cache(kind === 'memory' ? new MemoryCache({ maxEntries, maxBytes }) : place.cache, { ttl, codec });
    this.rateLimiters = new RateLimiters(place.rateLimits, rateLimits);
  }

  onModuleInit(): Promise<void> {
    return (this.opening ??= this.place.open());
  }

  async onApplicationShutdown(): Promise<void> {
    if (this.opening === undefined) return;
    // One that could not be opened has nothing to close; its error went to whoever started the application.
    const isOpen = await this.opening.then(
      () => true,
      () => false,
    );
    this.opening = undefined;
    if (!isOpen) return;
    await this.locks.releaseAll();
    await this.place.close();
  }
}
