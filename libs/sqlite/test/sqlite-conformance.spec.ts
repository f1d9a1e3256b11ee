import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Store } from '@catga/core';
import { SqliteStore, type SqliteStoreOptions } from '@catga/sqlite';
import { describeStoreConformance } from '@catga/testing';
import { AlternatingStore } from './alternating-store.js';

type Driver = NonNullable<SqliteStoreOptions['driver']>;

async function open(path: string, driver: Driver): Promise<SqliteStore> {
  // The suite asks about commits, not about power loss: without fsync it takes a third of the time.
  const store = new SqliteStore({ path, driver, synchronous: 'normal' });
  await store.open();
  return store;
}

const newPath = (): string => join(mkdtempSync(join(tmpdir(), 'catga-sqlite-')), 'test.db');

async function destroy(store: Store, path: string): Promise<void> {
  await store.close();
  rmSync(dirname(path), { recursive: true, force: true });
}

// `node:sqlite` is there from Node.js 22.13 on.
const drivers: Driver[] = ['libsql'];
if ((process as { getBuiltinModule?: (name: string) => unknown }).getBuiltinModule?.('node:sqlite') !== undefined) {
  drivers.push('node:sqlite');
}

for (const driver of drivers) {
  describeStoreConformance({
    name: `SqliteStore (${driver})`,
    payload: 'encoded',
    create: () => open(newPath(), driver),
    destroy: (store) => destroy(store, (store as SqliteStore).path),
    reopen: (closed) => open((closed as SqliteStore).path, driver),
    second: (first) => open((first as SqliteStore).path, driver),
  });
}

describeStoreConformance({
  name: 'Two SqliteStores on one file, used in turn',
  payload: 'encoded',
  inOrder: false,
  programs: 25,
  create: async () => {
    const path = newPath();
    return new AlternatingStore(await open(path, 'auto'), await open(path, 'auto'));
  },
  destroy: (store) => destroy(store, (store as AlternatingStore).first.path),
  reopen: (closed) => open((closed as AlternatingStore).first.path, 'auto'),
  second: (first) => open((first as AlternatingStore).first.path, 'auto'),
});
