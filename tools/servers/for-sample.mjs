import { join } from 'node:path';
import { root } from '../lib/workspace.mjs';
import { startNats } from './nats.mjs';
import { startRedis } from './redis.mjs';

/**
 * Starts the server that the nodes of `npm run sample:cluster` share, unless its address is given. It keeps its data in
 * `.data/cluster` and ends with this process.
 *
 * @param args of the command line, for `--store`
 * @param env `REDIS_URL` or `NATS_URL` is put in
 * @returns the server, to be stopped at the end; undefined when none was started
 */
export async function startServerFor(args, env) {
  if (args.includes('--help') || args.includes('-h')) return undefined;
  const store = storeOf(args) ?? (env.CATGA_STORE || 'redis');
  const data = join(root, '.data/cluster', store);
  if (store === 'redis' && !env.REDIS_URL) {
    const redis = await startRedis({ folder: data, appendfsync: 'always' });
    env.REDIS_URL = redis.url;
    console.log(`${redis.name} for the nodes: ${redis.url}`);
    return redis;
  }
  if (store === 'nats' && !env.NATS_URL) {
    const nats = await startNats({ folder: data });
    env.NATS_URL = nats.url;
    console.log(`${nats.name} for the nodes: ${nats.url}`);
    return nats;
  }
  return undefined;
}

function storeOf(args) {
  const at = args.findIndex((arg) => arg === '--store' || arg.startsWith('--store='));
  if (at === -1) return undefined;
  return args[at].includes('=') ? args[at].slice('--store='.length) : args[at + 1];
}
