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
export function infrastructure({ store, transport, dataFolder, redisUrl, natsUrl, name }: Configuration) {
  const modules: DynamicModule[] = [];
  const uses = (server: 'redis' | 'nats') => ({ store: store === server, transport: transport === server });
  if (store === 'sqlite') modules.push(CatgaSqliteModule.forRoot({ path: join(dataFolder, 'catga.db') }));
  if (store === 'redis' || transport === 'redis') {
    modules.push(CatgaRedisModule.forRoot({ url: redisUrl, name, ...uses('redis') }));
  }
  if (store === 'nats' || transport === 'nats') {
    modules.push(CatgaNatsModule.forRoot({ servers: natsUrl, name, ...uses('nats') }));
  }
  return modules;
}
