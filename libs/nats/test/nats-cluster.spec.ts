import { assertHistory, HistoryClient, historyWorkload, MemoryHistory, readFinalLog } from '@catga/testing';
import { Logger } from '@nestjs/common';
import { natsPrograms, startNatsCluster, type ClusterHandle } from '../../../tools/servers/index.mjs';
import { jetStream, newName, openStore, until } from './tools.js';

Logger.overrideLogger(false);

/** The newest program: below 2.9.21 streams with several copies are not safe, and the store says so. */
const { name, program } = natsPrograms().at(-1) as { name: string; program: string };

interface Cluster {
  readonly cluster?: { readonly leader?: string };
}

describe(`A NatsStore on a cluster of three, ${name}`, () => {
  let cluster: ClusterHandle;

  beforeAll(async () => {
    cluster = await startNatsCluster(3, { program });
  }, 60_000);
  afterAll(() => cluster.stop());

  it('loses no acknowledged commit and doubles none when the leader of the log is killed -9', async () => {
    const options = { name: newName(), replicas: 3, snapshots: { messages: 80 } };
    const stores = await Promise.all([0, 1].map((node) => openStore(cluster.urls[node] as string, options)));
    const history = new MemoryHistory();
    let stopped = false;
    const clients = stores.flatMap((store, node) =>
      [0, 1].map((client) =>
        historyWorkload(new HistoryClient(store, history, `${node}-${client}`), {
          operations: Number.POSITIVE_INFINITY,
          retries: client,
          stopped: () => stopped,
        }),
      ),
    );
    const workGoesOn = async (): Promise<void> => {
      const before = history.entries.length;
      await until(() => history.entries.length > before + 400, 'work goes on', 30_000);
    };
    for (let round = 0; round < 2; round++) {
      await workGoesOn();
      const alive = cluster.nodes.find(({ pid }) => pid !== undefined);
      const info = await jetStream<Cluster>(alive?.url as string, `STREAM.INFO.${options.name}_LOG`);
      const leader = cluster.nodes[Number(info.cluster?.leader?.slice(1)) - 1] as (typeof cluster.nodes)[0]; // n1, n2, n3
      await leader.kill9();
      await workGoesOn();
      await leader.restart();
      await cluster.ready();
    }
    stopped = true;
    await Promise.all(clients);
    const log = await readFinalLog(stores[0] as (typeof stores)[0]);
    expect(await readFinalLog(stores[1] as (typeof stores)[0])).toEqual(log);
    const counts = assertHistory({ history: history.entries, log });
    expect(counts.acknowledged).toBeGreaterThan(200);
    await Promise.all(stores.map((store) => store.close()));
    const again = await openStore(cluster.urls[2] as string, options);
    expect(await readFinalLog(again)).toEqual(log);
    expect(again.warnings().map(({ code }) => code)).not.toContain('nats-replicas');
    await again.close();
  }, 120_000);
});
