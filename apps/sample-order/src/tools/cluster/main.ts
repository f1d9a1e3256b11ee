import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { describeBook, openBook, runCommand, wholeNumber } from '../cli.js';
import { progressLine } from '../progress-line.js';
import { Cluster } from './cluster.js';
import { clusterRun, TROUBLE } from './cluster-run.js';
import { freezeNode, killNode, replaceNode } from './faults.js';

const USAGE = `npm run sample:cluster -- [options]

Starts several nodes of the sample on this machine, on one store, and keeps them running until Ctrl-C. Without REDIS_URL
or NATS_URL it starts the server as well; a store in a file needs none.

  --store NAME       redis, nats or sqlite. Default: CATGA_STORE, else redis
  --nodes N          Default 3
  --port N           of the first node. Default 3000
  --prove            instead: fresh nodes on free ports are sent orders while they are killed, frozen and replaced; then
                     the outcome is audited. Exits with 1 when an order was lost, done twice or left behind
  --seed N           of the moments, and of orders that are made up. Default: a new one each time; it is printed
  --orders N         the first N orders only
  --concurrency N    orders under way at once. Default 16`;

/** Lease of the nodes of a proof, so that it need not wait a quarter of a minute for every take-over. */
const SHORT_LEASE = 3_000;

const { values } = parseArgs({
  options: {
    store: { type: 'string', default: process.env['CATGA_STORE'] || 'redis' },
    nodes: { type: 'string', default: '3' },
    port: { type: 'string', default: '3000' },
    prove: { type: 'boolean', default: false },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
    orders: { type: 'string' },
    concurrency: { type: 'string', default: '16' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

await runCommand(USAGE, () => {
  if (values.help) return Promise.resolve((console.log(USAGE), 0));
  return values.prove ? prove() : serve();
});

/** What makes the nodes one cluster. */
function environment(name: string): Record<string, string> {
  const { store } = values;
  return { CATGA_STORE: store, CATGA_TRANSPORT: store === 'sqlite' ? 'memory' : store, CATGA_NAME: name };
}

async function serve(): Promise<number> {
  const folder = resolve('.data/cluster');
  mkdirSync(folder, { recursive: true });
  const nodes = wholeNumber('nodes', values.nodes, 1);
  const cluster = await Cluster.prepare(
    folder,
    nodes,
    () => environment('sample'),
    wholeNumber('port', values.port, 1),
  );
  const stopped = new Promise((stop) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
  });
  console.log(`Starting ${nodes} nodes on ${values.store}; their logs are in ${folder}/node-N/sample.log`);
  try {
    const started = cluster.start().then(() => {
      for (const { url, pid } of cluster.nodes) console.log(`  ${url}  (process ${pid})`);
      console.log('Kill one of them (kill -9 PROCESS) and its orders go on elsewhere. Ctrl-C ends all.');
    });
    await Promise.race([Promise.all([started, stopped]), stopped]);
    await Promise.race([cluster.stop(), pause(15_000, undefined, { ref: false })]);
    return 0;
  } finally {
    await cluster.dispose();
  }
}

async function prove(): Promise<number> {
  const seed = wholeNumber('seed', values.seed, 0);
  const count = values.orders === undefined ? undefined : wholeNumber('orders', values.orders, 1);
  const book = openBook(undefined, count, seed);
  const nodes = wholeNumber('nodes', values.nodes, 2);
  console.log(`Seed ${seed}, ${nodes} nodes on ${values.store}. ${describeBook(book)}`);

  const folder = mkdtempSync(join(tmpdir(), 'catga-cluster-'));
  const env = { ...environment(`proof-${seed}`), ...TROUBLE, CATGA_LEASE: `${SHORT_LEASE}ms` };
  const cluster = await Cluster.prepare(folder, nodes, () => env);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
  try {
    await cluster.start();
    const report = await clusterRun(book, cluster, {
      faults: [
        killNode(0),
        freezeNode(1, SHORT_LEASE * 2),
        killNode(1),
        replaceNode(0),
        freezeNode(0, SHORT_LEASE * 2),
      ],
      seed,
      concurrency: wholeNumber('concurrency', values.concurrency, 1),
      receipts: values.store !== 'sqlite',
      onProgress: progressLine(),
    });
    console.log(report.summary());
    const isFine = report.violations.length === 0 && report.load.complete;
    if (isFine) rmSync(folder, { recursive: true });
    else console.log(`The logs of the nodes are in ${folder}`);
    return isFine ? 0 : 1;
  } finally {
    await cluster.dispose();
  }
}
