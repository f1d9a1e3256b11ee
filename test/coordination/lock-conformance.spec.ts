import { MemoryLocks, StoreLocks } from '@catga/core';
import { describeLockConformance } from '@catga/testing';
import { cleanUp, redisKinds, storeKinds } from './support/places.js';

describeLockConformance({
  name: 'MemoryLocks',
  nodes: (count) => {
    const locks = new MemoryLocks();
    return Array.from({ length: count }, () => locks);
  },
});

for (const kind of storeKinds()) {
  describeLockConformance({
    name: `StoreLocks on ${kind.name}`,
    nodes: async (count) => (await kind.nodes(count)).map((store) => new StoreLocks(store)),
    destroy: cleanUp,
  });
}

for (const kind of redisKinds()) {
  describeLockConformance({
    name: `RedisLocks (${kind.name})`,
    nodes: async (count) => (await kind.nodes(count)).map(({ locks }) => locks),
    destroy: cleanUp,
  });
}
