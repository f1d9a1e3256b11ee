import { randomUUID } from 'node:crypto';
import type { Store } from '@catga/core';
import { NatsStore, type NatsStoreOptions } from '@catga/nats';

/** A name that no other test has, so that tests can share a server. */
export const newName = (): string => `t-${randomUUID()}`;

/** An open store. */
export async function openStore(servers: string, options: NatsStoreOptions = {}): Promise<NatsStore> {
  const store = new NatsStore({ servers, name: newName(), ...options });
  await store.open();
  return store;
}

/** Another one on the same data. */
export function openAgain(store: Store, servers: string, options: NatsStoreOptions = {}): Promise<NatsStore> {
  return openStore(servers, { ...options, name: (store as NatsStore).name });
}
