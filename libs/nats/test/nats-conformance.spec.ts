import { connect } from '@nats-io/transport-node';
import type { Store } from '@catga/core';
import type { NatsStore } from '@catga/nats';
import { describeStoreConformance } from '@catga/testing';
import { natsServers } from '../../../tools/servers/index.mjs';
import { openAgain, openStore } from './tools.js';

async function destroy(store: Store, url: string): Promise<void> {
  await store.close();
  const connection = await connect({ servers: url });
  await connection.request(`$JS.API.STREAM.DELETE.${(store as NatsStore).name}_LOG`);
  await connection.close();
}

for (const { name, url } of natsServers()) {
  describeStoreConformance({
    name: `NatsStore on ${name}`,
    payload: 'encoded',
    programs: 20,
    create: () => openStore(url),
    destroy: (store) => destroy(store, url),
    reopen: (closed) => openAgain(closed, url),
    second: (first) => openAgain(first, url),
  });
}
