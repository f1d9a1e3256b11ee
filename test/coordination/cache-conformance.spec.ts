import { MemoryCache, StoreCache } from '@catga/core';
import { describeCacheConformance } from '@catga/testing';
import { cleanUp, redisKinds, storeKinds } from './support/places.js';

describeCacheConformance({
  name: 'MemoryCache',
  nodes: (count) => {
    const cache = new MemoryCache();
    return Array.from({ length: count }, () => cache);
  },
});

for (const kind of storeKinds()) {
  describeCacheConformance({
    name: `StoreCache on ${kind.name}`,
    nodes: async (count) => (await kind.nodes(count)).map((store) => new StoreCache(store)),
    destroy: cleanUp,
  });
}

for (const kind of redisKinds()) {
  describeCacheConformance({
    name: `RedisCache (${kind.name})`,
    flights: true,
    nodes: async (count) => (await kind.nodes(count)).map(({ cache }) => cache),
    destroy: cleanUp,
  });
}
