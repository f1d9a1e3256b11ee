import { createRequire } from 'node:module';
import { join } from 'node:path';

/**
 * A module of a peer, from the folder that the runner names: peers are no dependencies of the repository, so types are
 * declared by the contestants, as far as they use them.
 */
export function peer<T>(folder: 'BENCH_CASTORE' | 'BENCH_EMMETT', module: string): T {
  return createRequire(join(process.env[folder] as string, 'package.json'))(module) as T;
}
