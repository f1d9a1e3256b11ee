import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryStore, type Store } from '@catga/core';
import { NatsStore } from '@catga/nats';
import { RedisCoordination, RedisStore } from '@catga/redis';
import { SqliteStore } from '@catga/sqlite';
import { connect } from '@nats-io/transport-node';
import { Redis } from 'ioredis';
import { natsServers, redisServers } from '../../../tools/servers/index.mjs';

/** What ends after a test. */
const ends: (() => Promise<unknown>)[] = [];

/** Ends everything that was opened for the test. */
export async function cleanUp(): Promise<void> {
  for (const end of ends.splice(0).reverse()) await end();
}

/** To be called by {@link cleanUp}, the last one first. */
export function atEnd(end: () => Promise<unknown>): void {
  ends.push(end);
}

/** A kind of store: that many nodes with one store. */
export interface StoreKind {
  readonly name: string;
  readonly nodes: (count: number) => Promise<Store[]>;
  /** Milliseconds by which `now()` of two nodes may differ. */
  readonly precision: number;
}

/** Every kind of store there is, with the servers of the tests. */
export function storeKinds(): StoreKind[] {
  return [
    {
      name: 'MemoryStore',
      precision: 1,
      nodes: async (count: number) => {
        const store = await opened(new MemoryStore({ mode: 'copy' }));
        return Array.from({ length: count }, () => store);
      },
    },
    { name: 'SqliteStore', precision: 1, nodes: (count) => several(count, sqlite()) },
    ...redisServers().map(({ name, url }) => ({
      name: `RedisStore (${name})`,
      precision: 1,
      nodes: (count: number) => several(count, redis(url)),
    })),
    ...natsServers().map(({ name, url }) => ({
      name: `NatsStore (${name})`,
      // It tells the server's time from messages that arrive.
      precision: 20,
      nodes: (count: number) => several(count, nats(url)),
    })),
  ];
}

/** A Redis server: that many nodes with one name on it. */
export function redisKinds(): {
  readonly name: string;
  readonly nodes: (count: number) => Promise<RedisCoordination[]>;
}[] {
  return redisServers().map(({ name: server, url }) => ({
    name: server,
    nodes: async (count) => {
      const name = redisName(url);
      const nodes = Array.from({ length: count }, () => new RedisCoordination({ url, name }));
      for (const node of nodes) {
        await node.open();
        atEnd(() => node.close());
      }
      return nodes;
    },
  }));
}

/** A name that no other test has; its keys on that server are deleted at the end. */
export function redisName(url: string): string {
  const name = `test-${randomUUID()}`;
  atEnd(async () => {
    const client = new Redis(url);
    for await (const keys of client.scanStream({ match: `{${name}}:*`, count: 1_000 })) {
      if ((keys as string[]).length > 0) await client.unlink(...(keys as string[]));
    }
    client.disconnect();
  });
  return name;
}

async function several(count: number, create: () => Store): Promise<Store[]> {
  const stores: Store[] = [];
  for (let index = 0; index < count; index++) stores.push(await opened(create()));
  return stores;
}

async function opened(store: Store): Promise<Store> {
  await store.open();
  atEnd(() => store.close());
  return store;
}

function sqlite(): () => Store {
  const folder = mkdtempSync(join(tmpdir(), 'catga-coordination-'));
  atEnd(async () => rmSync(folder, { recursive: true, force: true }));
  return () => new SqliteStore({ path: join(folder, 'store.db') });
}

function redis(url: string): () => Store {
  const name = redisName(url);
  return () => new RedisStore({ url, name });
}

/** A name that no other test has; its stream on that server is deleted at the end. */
export function natsName(servers: string): string {
  const name = `t-${randomUUID()}`;
  atEnd(async () => {
    const connection = await connect({ servers });
    await connection.request(`$JS.API.STREAM.DELETE.${name}_LOG`);
    await connection.close();
  });
  return name;
}

function nats(servers: string): () => Store {
  const name = natsName(servers);
  return () => new NatsStore({ servers, name });
}
