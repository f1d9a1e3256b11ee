import { startCluster } from './cluster.mjs';
import { freePorts } from './ports.mjs';
import { startRedis } from './redis.mjs';
import { redisCommand } from './resp.mjs';

const SLOTS = 16_384;

/** Starts Redis servers that form one Redis Cluster without replicas; see `index.d.mts`. */
export async function startRedisCluster(size = 3, { args = [], ...options } = {}) {
  const buses = await freePorts(size);
  const argsOf = (bus) => ['--cluster-enabled', 'yes', '--cluster-port', String(bus), ...TIMEOUT, ...args];
  return startCluster(
    buses.map((bus) => () => startRedis({ ...options, args: argsOf(bus) })),
    { join: (nodes) => joinNodes(nodes, buses), agrees: (nodes) => allSee(nodes) },
  );
}

/** A node that is gone is noticed in two seconds rather than in fifteen. */
const TIMEOUT = ['--cluster-node-timeout', '2000'];

/** Gives every node its share of the slots and lets the first one meet the others. */
async function joinNodes(nodes, buses) {
  const first = (index) => Math.floor((index * SLOTS) / nodes.length);
  for (const [index, { port }] of nodes.entries()) {
    await redisCommand(port, ['CLUSTER', 'SET-CONFIG-EPOCH', index + 1]);
    await redisCommand(port, ['CLUSTER', 'ADDSLOTSRANGE', first(index), first(index + 1) - 1]);
    if (index > 0) await redisCommand(nodes[0].port, ['CLUSTER', 'MEET', '127.0.0.1', port, buses[index]]);
  }
}

async function allSee(nodes) {
  const views = await Promise.all(nodes.map(({ port }) => redisCommand(port, ['CLUSTER', 'INFO'])));
  return views.every(
    (view) => view.includes('cluster_state:ok') && view.includes(`cluster_known_nodes:${nodes.length}`),
  );
}
