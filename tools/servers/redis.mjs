import { startManaged } from './managed-server.mjs';
import { redisCommand } from './resp.mjs';

/** Starts a Redis or Valkey server; see `index.d.mts`. */
export function startRedis(options = {}) {
  const { appendfsync = 'everysec' } = options;
  return startManaged('redis', options, {
    scheme: 'redis',
    argsFor: ({ port, folder, args }) => [
      ...['--bind', '127.0.0.1', '--port', String(port), '--dir', folder, '--daemonize', 'no', '--save', ''],
      ...['--appendonly', 'yes', '--appendfsync', appendfsync, ...args],
    ],
    isReady: isRedisReady,
  });
}

/** Whether a Redis server takes commands; one that asks for a password does. One that still reads its log does not. */
async function isRedisReady(port) {
  const answer = await redisCommand(port, ['PING']).catch((error) => error.message);
  return answer === 'PONG' || answer.startsWith('NOAUTH');
}
