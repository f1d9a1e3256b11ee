import { Cluster, Redis } from 'ioredis';
import type { ConnectionSettings } from './connection-settings.js';
import { quiet } from './quiet-client.js';

/** The client of a server or of a cluster. */
export type RedisClient = Redis | Cluster;

const FIRST_PAUSE = 20;
const LONGEST_PAUSE = 2_000;

/**
 * A client that connects again for ever but never sends a command twice by itself: who sends must know what became of it,
 * and may have given up by the time the server is back.
 *
 * @param warn takes what is odd about the server
 */
export function createClient(settings: ConnectionSettings, role: string, warn: (text: string) => void): RedisClient {
  if (!settings.cluster) return createNodeClient(settings, role, warn);
  const client = new Cluster([...settings.nodes], {
    lazyConnect: true,
    enableOfflineQueue: false,
    clusterRetryStrategy: pause,
    // Otherwise a command whose answer was lost would be sent again unasked.
    retryDelayOnFailover: 0,
    redisOptions: commonOptions(settings, role),
  });
  client.on('+node', (node: Redis) => quiet(node, warn));
  return client;
}

/**
 * A client of one server; of a cluster, of the first of the given nodes that answers. Messages of channels reach every
 * node, and a client of a cluster would not say when it had lost some.
 */
export function createNodeClient(settings: ConnectionSettings, role: string, warn: (text: string) => void): Redis {
  const { nodes } = settings;
  const client: Redis = new Redis({
    ...commonOptions(settings, role),
    ...nodes[0],
    db: settings.db,
    enableOfflineQueue: false,
    retryStrategy: (attempt) => {
      if (nodes.length > 1) Object.assign(client.options, nodes[attempt % nodes.length]);
      return pause(attempt);
    },
  });
  quiet(client, warn);
  return client;
}

function commonOptions(settings: ConnectionSettings, role: string) {
  const { username, password, tls } = settings;
  return {
    lazyConnect: true,
    connectionName: `catga:${settings.name}:${role}`,
    connectTimeout: settings.connectTimeout,
    protocol: 2 as const,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    // Done by RedisConnection: the client would leave a failure of it unhandled, which ends the OS process.
    autoResubscribe: false,
    // A server that loads its data is asked often, so that a restart is not longer than it must be.
    maxLoadingRetryTime: 100,
    disableClientInfo: true,
    disconnectTimeout: 200,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(tls !== undefined && { tls }),
  };
}

/** Milliseconds before the next attempt; a random part, so that a hundred clients do not come back at once. */
function pause(attempt: number): number {
  const longest = Math.min(FIRST_PAUSE * 2 ** Math.min(attempt, 10), LONGEST_PAUSE);
  return Math.round(longest * (0.5 + Math.random() / 2));
}
