import type { StoreWarning } from '@catga/core';
import { Cluster } from 'ioredis';
import type { RedisClient } from '../connection/index.js';

/** What is known of a server; undefined: it does not tell. */
export interface ServerSettings {
  readonly version: string;
  readonly role: string | undefined;
  readonly replicas: number;
  readonly policy: string | undefined;
  readonly appendonly: boolean | undefined;
  readonly appendfsync: string | undefined;
}

/** A danger, and whether a strict store refuses it. */
export interface Danger extends StoreWarning {
  readonly refused: boolean;
}

/** Asks every server that may hold the store. */
export async function readServerSettings(client: RedisClient): Promise<readonly ServerSettings[]> {
  const nodes = client instanceof Cluster ? client.nodes('master') : [client];
  return Promise.all(
    nodes.map(async (node) => {
      // Managed servers may refuse one or both.
      const info = parseInfo(await node.info().catch(() => ''));
      const config = parseConfig(await node.call('CONFIG', 'GET', 'append*').catch(() => []));
      const aof = info.get('aof_enabled');
      return {
        version: info.get('redis_version') ?? 'unknown',
        role: info.get('role'),
        replicas: Number(info.get('connected_slaves') ?? 0),
        policy: info.get('maxmemory_policy'),
        appendonly: aof === undefined ? undefined : aof === '1',
        appendfsync: config.get('appendfsync'),
      };
    }),
  );
}

/** What of the settings may lose data, each once, with what to set. */
export function dangersOf(servers: readonly ServerSettings[]): readonly Danger[] {
  const found = new Map<string, Danger>();
  for (const server of servers) for (const danger of dangers(server)) found.set(danger.code, danger);
  return [...found.values()];
}

function* dangers(server: ServerSettings): Generator<Danger> {
  const danger = (code: string, message: string, refused = true): Danger => ({ code, message, refused });
  const { policy, appendonly, appendfsync } = server;
  if (policy !== undefined && policy !== 'noeviction') {
    yield danger(
      'redis-maxmemory-policy',
      `Redis may throw away data of the store when its memory is full (maxmemory-policy ${policy}). Set maxmemory-policy noeviction.`,
    );
  }
  if (appendonly === false) {
    yield danger(
      'redis-appendonly',
      'Redis keeps no log of its writes: a restart loses all that came after the last snapshot. Set appendonly yes and appendfsync always.',
    );
  } else if (appendfsync !== undefined && appendfsync !== 'always') {
    const lost = appendfsync === 'everysec' ? 'the last second or two' : 'up to half a minute';
    yield danger(
      'redis-appendfsync',
      `A crash of Redis or its machine may lose acknowledged commits of ${lost} (appendfsync ${appendfsync}). Set appendfsync always if none may be lost.`,
    );
  }
  if (policy === undefined || appendonly === undefined || (appendonly && appendfsync === undefined)) {
    yield danger(
      'redis-settings-unknown',
      'Redis does not tell its settings (INFO or CONFIG is refused), so what a crash loses is unknown. Make sure of maxmemory-policy noeviction, appendonly yes, appendfsync always.',
    );
  }
  if (server.replicas > 0) {
    const why =
      'Replicas get commits after they were acknowledged: a fail-over may lose the last ones. The store notices that and stops.';
    yield danger(
      'redis-replication',
      `${why} Keep appendonly on all nodes and restart a failed primary rather than replace it.`,
      false,
    );
  }
  if (Number.parseInt(server.version, 10) < 7) {
    yield danger(
      'redis-version',
      `Redis ${server.version} is older than 7.0, with which this is tested. Update it.`,
      false,
    );
  }
}

function parseInfo(text: string): Map<string, string> {
  const lines = text.split(/\r?\n/).map((line) => line.split(':') as [string, string | undefined]);
  return new Map(lines.map(([name, value = '']) => [name, value]));
}

/** Names and values in turn. */
function parseConfig(reply: unknown): Map<string, string> {
  const list = reply as readonly string[];
  const names = list.filter((_, index) => index % 2 === 0);
  return new Map(names.map((name, index) => [name, list[index * 2 + 1] as string]));
}
