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
  /** Opened ahead: a cluster takes up to half a second to make a stream. */
  const ahead: Promise<NatsStore>[] = [];
  const deletions: Promise<unknown>[] = [];

  beforeAll(async () => {
    cluster = await startNatsCluster(3, { program });
    for (let count = 0; count < 4; count++) ahead.push(openStore(url(), { replicas: 3 }));
  }, 60_000);
  afterAll(async () => {
    await Promise.all([...ahead.map(async (store) => (await store).close()), ...deletions]);
    await cluster.stop();
  });

  /** Every node has another server. */
  const url = (): string => cluster.urls[next++ % cluster.urls.length] as string;

  describeStoreConformance({
    name: `NatsStore on ${name}`,
    payload: 'encoded',
    programs: 5,
    create: () => {
      ahead.push(openStore(url(), { replicas: 3 }));
      return ahead.shift() as Promise<NatsStore>;
    },
    destroy: async (store) => {
      await store.close();
      deletions.push(jetStream(url(), `STREAM.DELETE.${(store as NatsStore).name}_LOG`));
    },
    reopen: (closed) => openAgain(closed, url()),
    second: (first) => openAgain(first, url()),
  });
});
