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
 */
export async function startServerFor(args, env) {
  if (args.includes('--help') || args.includes('-h')) return;
  const store = storeOf(args) ?? (env.CATGA_STORE || 'redis');
  const data = join(root, '.data/cluster', store);
  if (store === 'redis' && !env.REDIS_URL) {
    env.REDIS_URL = (await startRedis({ folder: data, appendfsync: 'always' })).url;
    console.log(`Redis for the nodes: ${env.REDIS_URL}`);
  }
  if (store === 'nats' && !env.NATS_URL) {
    env.NATS_URL = (await startNats({ folder: data })).url;
    console.log(`NATS for the nodes: ${env.NATS_URL}`);
  }
}

function storeOf(args) {
  const at = args.findIndex((arg) => arg === '--store' || arg.startsWith('--store='));
  if (at === -1) return undefined;
  return args[at].includes('=') ? args[at].slice('--store='.length) : args[at + 1];
}
