import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryStore, type Store } from '@catga/core';
import { SqliteStore } from '@catga/sqlite';

/** A kind of store that a spec runs on. */
export interface StoreKind {
  readonly name: string;
  create(): Store;
}

const folders: string[] = [];
const opened: Store[] = [];

/** A folder that {@link closeStores} removes. */
export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'catga-events-'));
  folders.push(folder);
  return folder;
}

export const STORES: readonly StoreKind[] = [
  { name: 'memory by reference', create: () => new MemoryStore({ mode: 'reference' }) },
  { name: 'memory by copy', create: () => new MemoryStore({ mode: 'copy' }) },
  { name: 'SQLite', create: () => new SqliteStore({ path: join(newFolder(), 'events.db') }) },
];

/** An open store of that kind; {@link closeStores} closes it. */
export async function openStore(kind: StoreKind): Promise<Store> {
  const store = kind.create();
  await store.open();
  opened.push(store);
  return store;
}

/** For `afterAll`. */
export async function closeStores(): Promise<void> {
  for (const store of opened.splice(0)) await store.close();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}
