import type { InjectionToken, Provider } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { IdempotencyStore } from '../idempotency/index.js';
import { Store, type Codec } from '../store/index.js';
import { Cache } from './cache/cache.js';
import { DuplicateCoordinationError } from './coordination.errors.js';
import { CoordinationHost } from './coordination.host.js';
import type { CoordinationOptions } from './coordination.options.js';
import { StoreCoordination, type CoordinationPlace } from './coordination-place.js';
import { DistributedLock } from './lock/distributed-lock.js';
import { RateLimiters } from './rate-limit/rate-limiters.js';

/** Where the providers of coordination find what they are made of. */
export interface CoordinationTokens<Options> {
  readonly options: InjectionToken;
  readonly codec: InjectionToken;
  /** Of the place that a package brings, if any. */
  readonly place: string;
  readonly settings: (options: Options) => CoordinationOptions;
}

/** The providers of locks, cache, rate limits and idempotency for one application. */
export function coordinationProviders<Options>(tokens: CoordinationTokens<Options>): Provider[] {
  const { options, codec, place, settings } = tokens;
  return [
    {
      provide: CoordinationHost,
      inject: [Store, codec, options, ModulesContainer, { token: place, optional: true }],
      useFactory: (store: Store, own: Codec, all: Options, modules: ModulesContainer, brought?: CoordinationPlace) => {
        const owners = [...modules.values()].filter((module) => module.providers.has(place));
        if (owners.length > 1) throw new DuplicateCoordinationError(owners.map(({ name }) => name));
        const { durable, shared } = store.capabilities;
        return new CoordinationHost({
          place: brought ?? new StoreCoordination(store),
          codec: own,
          options: settings(all),
          isShared: brought !== undefined || durable || shared,
        });
      },
    },
    from(DistributedLock, ({ locks }) => locks),
    from(Cache, ({ cache }) => cache),
    from(RateLimiters, ({ rateLimiters }) => rateLimiters),
    from(IdempotencyStore, (host) => host.place.idempotency),
  ];
}

/** What may be injected by its class. */
export const COORDINATION_EXPORTS = [DistributedLock, Cache, RateLimiters, IdempotencyStore];

function from(provide: InjectionToken, pick: (host: CoordinationHost) => unknown): Provider {
  return { provide, inject: [CoordinationHost], useFactory: pick };
}
