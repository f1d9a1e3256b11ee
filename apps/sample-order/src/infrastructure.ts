import { CatgaNatsModule } from '@catga/nats';
import { CatgaRedisModule } from '@catga/redis';
import { CatgaSqliteModule } from '@catga/sqlite';
import type { DynamicModule } from '@nestjs/common';
import { join } from 'node:path';
import type { Configuration } from './configuration.js';

/**
 * Where the application keeps its data and what carries its messages: the only place that knows. Handlers, processes and
 * projections are the same on one machine and on many.
 */
export function infrastructure({ store, dataFolder, redisUrl, natsUrl, name }: Configuration): DynamicModule[] {
  switch (store) {
    case 'sqlite':
      return [CatgaSqliteModule.forRoot({ path: join(dataFolder, 'catga.db') })];
    case 'redis':
      return [CatgaRedisModule.forRoot({ url: redisUrl, name })];
    case 'nats':
      return [CatgaNatsModule.forRoot({ servers: natsUrl, name })];
  }
}
