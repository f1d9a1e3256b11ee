import { MemoryLimits, StoreLimits } from '@catga/core';
import { describeRateLimitConformance } from '@catga/testing';
import { cleanUp, redisKinds, storeKinds } from './support/places.js';

describeRateLimitConformance({
  name: 'MemoryLimits',
  nodes: (count) => {
    const limits = new MemoryLimits();
    return Array.from({ length: count }, () => limits);
  },
});

for (const kind of storeKinds()) {
  describeRateLimitConformance({
    name: `StoreLimits on ${kind.name}`,
    precision: kind.precision,
    nodes: async (count) => (await kind.nodes(count)).map((store) => new StoreLimits(store)),
    destroy: cleanUp,
  });
}

for (const kind of redisKinds()) {
  describeRateLimitConformance({
    name: `RedisLimits (${kind.name})`,
    nodes: async (count) => (await kind.nodes(count)).map(({ rateLimits }) => rateLimits),
    destroy: cleanUp,
  });
}
