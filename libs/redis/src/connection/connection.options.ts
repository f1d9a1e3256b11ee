import type { Duration } from '@catga/core';
import type { ConnectionOptions } from 'node:tls';

/** One node of a Redis Cluster. */
export interface RedisNode {
  readonly host: string;
  /** Default 6379. */
  readonly port?: number;
}

/** How to reach Redis. Give `url`, or `host` and `port`, or `cluster`; without any of them `localhost:6379`. */
export interface RedisConnectionOptions {
  /** `redis://[[user][:password]@]host[:port][/db]`; `rediss://` for TLS. */
  readonly url?: string;
  readonly host?: string;
  readonly port?: number;
  /** Some nodes of a Redis Cluster; the others are found through them. */
  readonly cluster?: readonly RedisNode[];
  readonly username?: string;
  readonly password?: string;
  /** Number of the database; a cluster has only 0. Default 0. */
  readonly db?: number;
  /** True, or options of Node's TLS. Default: only with `rediss://`. */
  readonly tls?: boolean | ConnectionOptions;
  /**
   * Begins every key, as a hash tag: `{catga}:…`. Everything under one name is in one slot of a cluster. Two applications
   * on one server need two names. Default `catga`.
   */
  readonly name?: string;
  /** How long one attempt to connect may take. Default `'5s'`. */
  readonly connectTimeout?: Duration;
}

/** The names of all options, for checks of objects that hold more. */
export const CONNECTION_OPTIONS = [
  'url',
  'host',
  'port',
  'cluster',
  'username',
  'password',
  'db',
  'tls',
  'name',
  'connectTimeout',
] as const satisfies readonly (keyof RedisConnectionOptions)[];
