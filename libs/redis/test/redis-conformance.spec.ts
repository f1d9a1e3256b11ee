import { randomUUID } from 'node:crypto';
import type { Store } from '@catga/core';
import { RedisStore } from '@catga/redis';
import { describeStoreConformance } from '@catga/testing';
import { redisServers } from '../../../tools/servers/index.mjs';
import { deleteStore } from './delete-store.js';

for (const { name: server, url } of redisServers()) {
  const open = async (name: string): Promise<RedisStore> => {
    const store = new RedisStore({ url, name });
    await store.open();
    return store;
  };
  const another = (store: Store): Promise<RedisStore> => open((store as RedisStore).name);

  describeStoreConformance({
    name: `RedisStore (${server})`,
    payload: 'encoded',
    create: () => open(`test-${randomUUID()}`),
    destroy: async (store) => {
      await store.close();
      await deleteStore(url, (store as RedisStore).name);
    },
    reopen: another,
    second: another,
  });
}
