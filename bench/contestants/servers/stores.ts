import { MemoryStore, type Store } from '@catga/core';
import { NatsStore } from '@catga/nats';
import { RedisStore } from '@catga/redis';
import { SqliteStore } from '@catga/sqlite';
import { join } from 'node:path';

/**
 * The store of a variant such as `sqlite`, or of a server such as `redis redis://127.0.0.1:6379`.
 *
 * @param name of the data: every contestant has its own
 */
export function storeOf(variant: string, name: string): Store {
  const [kind, url = ''] = variant.split(' ');
  if (kind === 'memory') return new MemoryStore();
  if (kind === 'redis') return new RedisStore({ url, name });
  if (kind === 'nats') return new NatsStore({ servers: url, name });
  return new SqliteStore({ path: join(process.env['BENCH_FOLDER'] as string, `${name}.db`), synchronous: 'full' });
}
