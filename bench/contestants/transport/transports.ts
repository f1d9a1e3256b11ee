import { MemoryBroker, MemoryTransport, type Transport } from '@catga/core';
import { NatsTransport } from '@catga/nats';
import { RedisTransport } from '@catga/redis';

/** The transport of a variant such as `memory` or `redis redis://127.0.0.1:6379`, opened. Every process has its own name. */
export async function openTransport(variant: string): Promise<Transport> {
  const transport = transportOf(variant, `bench-${process.pid}`);
  await transport.open();
  return transport;
}

function transportOf(variant: string, name: string): Transport {
  const [kind, url = ''] = variant.split(' ');
  if (kind === 'redis') return new RedisTransport({ url, name });
  if (kind === 'nats') return new NatsTransport({ servers: url, name });
  // A round of publishing to members that are away is more than a broker in memory takes by default.
  return new MemoryTransport({ broker: new MemoryBroker({ capacity: 10_000_000 }) });
}
