import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '@nats-io/transport-node';
import { Redis } from 'ioredis';
import { natsServers, redisServers } from '../../tools/servers/index.mjs';
import type { Place } from './places.mjs';

/** What nodes can share: one row for `describe.each`. */
export interface PlaceKind {
  /** Such as `Redis 7.0.15`. */
  readonly name: string;
  /** A place that no other test uses. */
  create(): Place;
}

/**
 * The Redis and NATS servers of the tests.
 *
 * @param versions `one`: a single version of each, for what takes long and does not depend on it
 */
export function serverPlaces(versions: 'all' | 'one' = 'all'): PlaceKind[] {
  const kindsOf = (kind: Place['kind'], servers: { name: string; url: string }[]): PlaceKind[] =>
    servers
      .slice(0, versions === 'one' ? 1 : undefined)
      .map(({ name, url }) => ({ name, create: () => ({ kind, url, name: `test-${randomUUID()}` }) }));
  return [...kindsOf('redis', redisServers()), ...kindsOf('nats', natsServers())];
}

/** A file on this machine. */
export const SQLITE: PlaceKind = {
  name: 'one SQLite file',
  create: () => {
    const name = mkdtempSync(join(tmpdir(), 'catga-place-'));
    return { kind: 'sqlite', url: join(name, 'store.db'), name };
  },
};

/** Removes all that was kept there, when nobody uses it any more. */
export async function removePlace({ kind, url, name }: Place): Promise<void> {
  if (kind === 'sqlite') return rmSync(name, { recursive: true, force: true });
  if (kind === 'redis') return removeFromRedis(url, name);
  await removeFromNats(url, name);
}

async function removeFromRedis(url: string, name: string): Promise<void> {
  const client = new Redis(url);
  for await (const keys of client.scanStream({ match: `{${name}}:*`, count: 1_000 })) {
    if ((keys as string[]).length > 0) await client.unlink(...(keys as string[]));
  }
  client.disconnect();
}

async function removeFromNats(servers: string, name: string): Promise<void> {
  const connection = await connect({ servers });
  const answer = await connection.request('$JS.API.STREAM.NAMES');
  const { streams } = answer.json<{ streams: string[] | null }>();
  for (const stream of streams ?? []) {
    if (stream.startsWith(`${name}_`)) await connection.request(`$JS.API.STREAM.DELETE.${stream}`);
  }
  await connection.close();
}
