import { CatgaSqliteModule } from '@catga/sqlite';
import type { DynamicModule } from '@nestjs/common';
import { join } from 'node:path';
import type { Configuration } from './configuration.js';

/**
 * Where the application keeps its data and what carries its messages: the only place that knows. Handlers, processes and
 * projections are the same on one machine and on many.
 */
export function infrastructure({ dataFolder }: Configuration): DynamicModule[] {
  return [CatgaSqliteModule.forRoot({ path: join(dataFolder, 'catga.db') })];
}
