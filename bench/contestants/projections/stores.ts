import { MemoryStore, type Store } from '@catga/core';
import { SqliteStore } from '@catga/sqlite';
import { join } from 'node:path';

/** The store that a variant is about; the embedded one with synchronous FULL, in a file of this name. */
export function storeOf(variant: string, file: string): Store {
  if (variant === 'memory') return new MemoryStore();
  return new SqliteStore({ path: join(process.env['BENCH_FOLDER'] as string, `${file}.db`), synchronous: 'full' });
}
