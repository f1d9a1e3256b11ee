import { setTimeout } from 'node:timers/promises';
import type { Transport } from '@catga/core';
import { NatsTransport } from '@catga/nats';
import { describeTransportConformance } from '@catga/testing';
import { natsServers, startProxy, type Proxy } from '../../../../tools/servers/index.mjs';

/** One name for the whole file, with a trimmer that is as busy as it can be: it must not take what is not its own. */
const settings = { name: `conformance_${process.pid}`, trimInterval: 100, drainTimeout: '3s' } as const;

for (const { name, url } of natsServers()) {
  const proxies = new Map<NatsTransport, Proxy>();
  describeTransportConformance({
    name: `NatsTransport on ${name}`,
    create: () => open(url),
    // Each node behind a proxy, so that it can be cut off.
    second: async () => {
      const proxy = await startProxy({ port: Number(new URL(url).port) });
      const transport = await open(proxy.url(url));
      proxies.set(transport, proxy);
      return transport;
    },
    kill: async (transport) => {
      await proxies.get(transport as NatsTransport)?.cut();
      // A process that is killed begins nothing more; this one has to notice first.
      while (await isConnected(transport)) await setTimeout(1);
    },
    destroy: async (transport) => {
      await transport.close();
      for (const proxy of proxies.values()) await proxy.stop();
      proxies.clear();
    },
    tooLarge: 2 * 1_024 * 1_024,
  });
}

function isConnected(transport: Transport): Promise<boolean> {
  return transport.ping().then(
    () => true,
    () => false,
  );
}

async function open(url: string): Promise<NatsTransport> {
  const transport = new NatsTransport({ ...settings, servers: url });
  await transport.open();
  return transport;
}
