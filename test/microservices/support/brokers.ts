import { randomUUID } from 'node:crypto';
import { MemoryBroker, MemoryTransport, type Transport } from '@catga/core';
import { CatgaClient, CatgaServer, type ClientOptions, type ServerOptions } from '@catga/core/microservices';
import { NatsTransport } from '@catga/nats';
import { CatgaNatsClient, CatgaNatsServer } from '@catga/nats/microservices';
import { RedisTransport } from '@catga/redis';
import { CatgaRedisClient, CatgaRedisServer } from '@catga/redis/microservices';
import { natsServers, redisServers } from '../../../tools/servers/index.mjs';

/** A broker of one test: what different tests send does not meet. */
export interface Broker {
  server(options: ServerOptions): CatgaServer;
  client(options?: ClientOptions): CatgaClient;
  /** Open, beside the strategies: for messages that they would not send. */
  transport(): Promise<Transport>;
}

/** All that the strategies run on: a name for the tests, and a new broker for each of them. */
export const brokers: readonly (readonly [string, () => Broker])[] = [
  ['memory', memory],
  ...natsServers().map(({ name, url }) => [name, () => nats(url)] as const),
  ...redisServers().map(({ name, url }) => [name, () => redis(url)] as const),
];

function memory(): Broker {
  const broker = new MemoryBroker();
  const owned = { ownsTransport: true };
  return {
    server: (options) => new CatgaServer({ ...options, transport: new MemoryTransport({ broker }) }, owned),
    client: (options = {}) => new CatgaClient({ ...options, transport: new MemoryTransport({ broker }) }, owned),
    transport: () => opened(new MemoryTransport({ broker })),
  };
}

function redis(url: string): Broker {
  const where = { url, name: `test-${randomUUID()}` };
  return {
    server: (options) => new CatgaRedisServer({ ...where, ...options }),
    client: (options = {}) => new CatgaRedisClient({ ...where, ...options }),
    transport: () => opened(new RedisTransport(where)),
  };
}

/** One name for all tests of a file, because its streams stay; groups of their own keep the tests apart. */
const name = `strategies-${randomUUID()}`;

function nats(url: string): Broker {
  const where = { servers: url, name };
  const suffix = randomUUID().slice(0, 8);
  return {
    server: (options) => new CatgaNatsServer({ ...where, ...options, group: `${options.group}-${suffix}` }),
    client: (options = {}) => new CatgaNatsClient({ ...where, ...options }),
    transport: () => opened(new NatsTransport(where)),
  };
}

async function opened(transport: Transport): Promise<Transport> {
  await transport.open();
  return transport;
}
