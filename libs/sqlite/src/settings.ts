import { resolve } from 'node:path';
import { assertKnownOptions, InvalidOptionError, toMilliseconds } from '@catga/core';
import type { SqliteStoreOptions } from './sqlite-store.options.js';
import type { WorkerSettings } from './worker/protocol.js';

const KNOWN = ['path', 'synchronous', 'lockTimeout', 'maxSize', 'driver'] satisfies (keyof SqliteStoreOptions)[];

/**
 * Checked options, as a worker gets them.
 *
 * @throws {UnknownOptionError} @throws {InvalidOptionError} @throws {InvalidDurationError}
 */
export function toSettings(options: SqliteStoreOptions, role: WorkerSettings['role']): WorkerSettings {
  assertKnownOptions('SqliteStore', options, KNOWN);
  const { path, driver = 'auto', synchronous = 'full', lockTimeout = '5s', maxSize = 0 } = options;
  if (typeof path !== 'string' || path === '' || path.includes(':memory:')) {
    throw new InvalidOptionError('SqliteStore path', path, "the path of a file, e.g. './data/app.db'");
  }
  oneOf('driver', driver, ['auto', 'node:sqlite', 'libsql']);
  oneOf('synchronous', synchronous, ['full', 'normal']);
  if (!Number.isFinite(maxSize) || maxSize < 0) {
    throw new InvalidOptionError('SqliteStore maxSize', maxSize, 'a number of bytes, or leave it out');
  }
  const milliseconds = toMilliseconds(lockTimeout, 'SqliteStore lockTimeout');
  return { role, path: resolve(path), driver, synchronous, lockTimeout: milliseconds, maxSize };
}

function oneOf(name: string, value: string, known: readonly string[]): void {
  if (known.includes(value)) return;
  throw new InvalidOptionError(`SqliteStore ${name}`, value, known.map((each) => `'${each}'`).join(' or '));
}
