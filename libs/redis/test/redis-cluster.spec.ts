import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Store } from '@catga/core';
import { RedisStore } from '@catga/redis';
import { describeStoreConformance, readFinalLog } from '@catga/testing';
import { startRedisCluster, type ClusterHandle } from '../../../tools/servers/index.mjs';

describe('On a Redis Cluster of three nodes', () => {
  let cluster: ClusterHandle;
  beforeAll(async () => {
    cluster = await startRedisCluster(3, { appendfsync: 'always' });
  });
  afterAll(() => cluster.stop());

  const open = async (name: string, commandTimeout: '10s' | '20s' = '10s'): Promise<RedisStore> => {
    const nodes = cluster.nodes.map(({ port }) => ({ host: '127.0.0.1', port }));
    const store = new RedisStore({ cluster: nodes, name, commandTimeout });
    await store.open();
    return store;
  };
  const another = (store: Store): Promise<RedisStore> => open((store as RedisStore).name);

  describeStoreConformance({
    name: 'RedisStore',
    payload: 'encoded',
    // Every store is in another slot, and so on one of the three nodes.
    create: () => open(`test-${randomUUID()}`),
    reopen: another,
    second: another,
    programs: 10,
  });

  it('does every commit once while its node is killed and comes back, and hears of others afterwards', async () => {
    // One of these names is on the node that is killed.
    const stores = await Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map((name) => open(name, '20s')));
    const numbers = stores.map(() => ({ next: 0 }));
    const count = (index: number): number => (numbers[index] as { next: number }).next++;
    let working = true;
    const writers = stores.flatMap((store, index) =>
      Array.from({ length: 3 }, async () => {
        while (working) {
          const data = String(count(index));
          await store.commit({ appends: [{ stream: 's', expectedVersion: 'any', events: [{ type: 'e', data }] }] });
        }
      }),
    );
    for (const node of cluster.nodes) {
      await sleep(100);
      await node.kill9();
      await sleep(20);
      await node.restart();
    }
    await sleep(300);
    working = false;
    await Promise.all(writers);
    for (const [index, store] of stores.entries()) {
      const written = (await readFinalLog(store)).map(({ id }) => Number(id)).sort((a, b) => a - b);
      expect(written).toEqual(Array.from({ length: numbers[index]?.next ?? -1 }, (_, number) => number));
      const other = await another(store);
      const heard = new Promise<void>((resolve) => void store.onCommit(() => resolve()));
      await other.commit({ records: [{ collection: 'c', key: 'k', value: 'v' }] });
      await heard;
      await Promise.all([store.close(), other.close()]);
    }
  });
});
