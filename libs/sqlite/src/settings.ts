import { resolve } from 'node:path';
import { toMilliseconds } from '@catga/core';
import type { SqliteStoreOptions } from './sqlite-store.options.js';
import type { WorkerSettings } from './worker/protocol.js';

/** Options as a worker gets them. */
export function toSettings(options: SqliteStoreOptions, role: WorkerSettings['role']): WorkerSettings {
  const { path, driver = 'auto', synchronous = 'full', lockTimeout = '5s', maxSize = 0 } = options;
  return {
    role,
    path: resolve(path),
    driver,
    synchronous,
    lockTimeout: toMilliseconds(lockTimeout, 'sqlite.lockTimeout'),
    maxSize,
  };
}
