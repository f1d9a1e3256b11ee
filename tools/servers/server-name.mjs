import { natsInfo } from './nats.mjs';
import { redisCommand } from './resp.mjs';

const DEFAULT_PORTS = { redis: 6379, nats: 4222 };

/**
 * Product and version of a server by its address: `Redis 7.0.15`. One that wants a password first is named by its
 * address.
 *
 * @throws when nothing answers there.
 */
export async function nameOfServer(kind, url) {
  const { hostname, port, host } = new URL(url.split(',')[0]);
  const target = [Number(port) || DEFAULT_PORTS[kind], hostname];
  try {
    if (kind === 'nats') return `NATS ${(await natsInfo(...target)).version}`;
    const info = await redisCommand(target[0], ['INFO', 'server'], target[1]);
    const [, product, version] = /(valkey|redis)_version:(\S+)(?![^]*valkey_version)/.exec(info) ?? [];
    return `${product === 'valkey' ? 'Valkey' : 'Redis'} ${version}`;
  } catch (error) {
    if (/^NO(AUTH|PERM)/.test(error.message)) return `Redis at ${host}`;
    throw new Error(
      `${kind.toUpperCase()}_URL names a server that does not answer: ${error.message}. Start it, or unset the variable.`,
    );
  }
}
