import { Cluster, Redis } from 'ioredis';
import type { ConnectionSettings } from './connection-settings.js';

/** The client of a server or of a cluster. */
export type RedisClient = Redis | Cluster;

const FIRST_PAUSE = 20;
const LONGEST_PAUSE = 2_000;

/**
 * A client that connects again for ever but never sends a command twice by itself: who sends must know what became of it,
 * and may have given up by the time the server is back.
 */
export function createClient(settings: ConnectionSettings, role: string): RedisClient {
  const options = commonOptions(settings, role);
  const [first] = settings.nodes;
  if (!settings.cluster) {
    return new Redis({ ...options, ...first, db: settings.db, retryStrategy: pause, enableOfflineQueue: false });
  }
  return new Cluster([...settings.nodes], {
    lazyConnect: true,
    enableOfflineQueue: false,
    clusterRetryStrategy: pause,
    // Otherwise a command whose answer was lost would be sent again unasked.
    retryDelayOnFailover: 0,
    redisOptions: options,
  });
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
