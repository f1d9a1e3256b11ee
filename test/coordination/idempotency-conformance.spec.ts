import { StoreIdempotency } from '@catga/core';
import { describeIdempotencyConformance } from '@catga/testing';
import { cleanUp, redisKinds, storeKinds } from './support/places.js';

for (const kind of storeKinds()) {
  describeIdempotencyConformance({
    name: `StoreIdempotency on ${kind.name}`,
    nodes: async (count) => (await kind.nodes(count)).map((store) => new StoreIdempotency(store)),
    destroy: cleanUp,
  });
}

for (const kind of redisKinds()) {
  describeIdempotencyConformance({
    name: `RedisIdempotency (${kind.name})`,
    nodes: async (count) => (await kind.nodes(count)).map(({ idempotency }) => idempotency),
    destroy: cleanUp,
  });
}
