import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Cluster } from '../../apps/sample-order/src/tools/cluster/cluster.js';
import { clusterRun, TROUBLE } from '../../apps/sample-order/src/tools/cluster/cluster-run.js';
import { freezeNode, killNode, replaceNode, type Fault } from '../../apps/sample-order/src/tools/cluster/faults.js';
import { generateOrders } from '../../apps/sample-order/src/tools/load/generated-orders.js';
import { startNats, startProxy, startRedis, type Proxy, type ServerHandle } from '../../tools/servers/index.mjs';

/** Another moment each time finds more; `CRASH_SEED` repeats one. */
const seed = Number(process.env['CRASH_SEED'] ?? Math.floor(Math.random() * 1_000_000));
const NODES = 3;
/** Short, so that a take-over need not be waited for so long. */
const LEASE = 3_000;

/** The network between one node and the server goes away for longer than a lease. */
const cutOff = (node: number, proxies: readonly Proxy[]): Fault => ({
  name: `node ${node + 1} cut off`,
  happen: async () => {
    await proxies[node]?.cut();
    await pause(LEASE * 2);
    await proxies[node]?.heal();
  },
});

/** The server dies under everybody and comes back with what it had on disk. */
const killServer = (server: ServerHandle): Fault => ({
  name: `${server.name} killed -9`,
  happen: async () => {
    await server.kill9();
    await pause(1_000);
    await server.restart();
  },
});

describe.each([
  { store: 'redis', start: () => startRedis({ appendfsync: 'always' }), variable: 'REDIS_URL' },
  { store: 'nats', start: () => startNats(), variable: 'NATS_URL' },
])('three nodes on $store', ({ store, start, variable }) => {
  let server: ServerHandle;
  let proxies: Proxy[];
  let folder: string;
  let cluster: Cluster;

  beforeAll(async () => {
    server = await start();
    proxies = await Promise.all(Array.from({ length: NODES }, () => startProxy(server)));
    folder = mkdtempSync(join(tmpdir(), `catga-${store}-cluster-`));
    cluster = await Cluster.prepare(folder, NODES, (node) => ({
      ...TROUBLE,
      CATGA_STORE: store,
      CATGA_TRANSPORT: store,
      CATGA_LEASE: `${LEASE}ms`,
      [variable]: proxies[node]?.url(server.url) ?? '',
    }));
    await cluster.start();
  }, 300_000);

  afterAll(async () => {
    await cluster.dispose();
    await Promise.all(proxies.map((proxy) => proxy.stop()));
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  it('end every order once while they are killed, frozen, cut off and replaced, and the server is killed', async () => {
    const faults = [
      killNode(0),
      freezeNode(1, LEASE * 2),
      cutOff(2, proxies),
      killServer(server),
      replaceNode(1),
      killNode(2),
      cutOff(0, proxies),
    ];
    const report = await clusterRun(generateOrders(seed), cluster, { faults, seed, concurrency: 24 });
    console.log(report.summary());
    expect(report.violations).toEqual([]);
    expect(report.load.complete).toBe(true);
    // It was a proof of something: runs were taken over, and effects had happened whose answer was lost.
    expect(report.takeOvers).toBeGreaterThan(0);
    expect(report.repeatedCalls).toBeGreaterThan(0);
    expect(report.load.count('completed')).toBeGreaterThan(500);
    expect(report.load.count('compensated')).toBeGreaterThan(0);
  }, 1_200_000);
});
