import { randomUUID } from 'node:crypto';
import type { Transport } from '@catga/core';
import { RedisTransport } from '@catga/redis';
import { describeTransportConformance } from '@catga/testing';
import { redisServers, startProxy, type Proxy } from '../../../../tools/servers/index.mjs';
import { deleteStore } from '../delete-store.js';

for (const { name: server, url } of redisServers()) {
  /** Every second node reaches the server through a proxy, so that it can be cut off as if it had died. */
  const proxies = new Map<Transport, Proxy>();

  describeTransportConformance({
    name: `RedisTransport (${server})`,
    tooLarge: 1_100_000,
    create: async () => {
      const transport = new RedisTransport({ url, name: `test-${randomUUID()}` });
      await transport.open();
      return transport;
    },
    second: async (first) => {
      const proxy = await startProxy({ port: Number(new URL(url).port) });
      const transport = new RedisTransport({ url: proxy.url(url), name: (first as RedisTransport).name });
      proxies.set(transport, proxy);
      await transport.open();
      return transport;
    },
    kill: async (transport) => proxies.get(transport)?.cut(),
    destroy: async (transport) => {
      await transport.close();
      await Promise.all([...proxies.values()].map((proxy) => proxy.stop()));
      proxies.clear();
      await deleteStore(url, (transport as RedisTransport).name);
    },
  });
}
