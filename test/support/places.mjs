// Used by specs, which get the packages from source, and by node programs, which get them as they were built.
import { CatgaNatsModule, NatsStore } from '@catga/nats';
import { CatgaRedisModule, RedisStore } from '@catga/redis';
import { CatgaSqliteModule, SqliteStore } from '@catga/sqlite';

export function storeAt({ kind, url, name }) {
  switch (kind) {
    case 'redis':
      return new RedisStore({ url, name });
    case 'nats':
      return new NatsStore({ servers: url, name });
    default:
      return new SqliteStore({ path: url });
  }
}

export function moduleAt({ kind, url, name, partitions }) {
  const more = partitions === undefined ? {} : { partitions };
  switch (kind) {
    case 'redis':
      return CatgaRedisModule.forRoot({ url, name, ...more });
    case 'nats':
      return CatgaNatsModule.forRoot({ servers: url, name, ...more });
    default:
      return CatgaSqliteModule.forRoot({ path: url });
  }
}
