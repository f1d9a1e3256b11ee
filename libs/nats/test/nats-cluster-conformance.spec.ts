import type { NatsStore } from '@catga/nats';
import { describeStoreConformance } from '@catga/testing';
import { Logger } from '@nestjs/common';
import { natsPrograms, startNatsCluster, type ClusterHandle } from '../../../tools/servers/index.mjs';
import { jetStream, openAgain, openStore } from './tools.js';

Logger.overrideLogger(false);

/** The newest program: below 2.9.21 streams with several copies are not safe, and the store says so. */
const { name, program } = natsPrograms().at(-1) as { name: string; program: string };

describe('Three copies on a cluster of three', () => {
  let cluster: ClusterHandle;
  let next = 0;

  beforeAll(async () => {
    cluster = await startNatsCluster(3, { program });
  }, 60_000);
  afterAll(() => cluster.stop());

  /** Every node has another server. */
  const url = (): string => cluster.urls[next++ % cluster.urls.length] as string;

  describeStoreConformance({
    name: `NatsStore on ${name}`,
    payload: 'encoded',
    programs: 5,
    create: () => openStore(url(), { replicas: 3 }),
    destroy: async (store) => {
      await store.close();
      await jetStream(url(), `STREAM.DELETE.${(store as NatsStore).name}_LOG`);
    },
    reopen: (closed) => openAgain(closed, url()),
    second: (first) => openAgain(first, url()),
  });
});
