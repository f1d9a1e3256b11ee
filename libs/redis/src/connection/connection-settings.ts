import { InvalidOptionError, toMilliseconds } from '@catga/core';
import type { ConnectionOptions } from 'node:tls';
import type { RedisConnectionOptions, RedisNode } from './connection.options.js';

const DEFAULT_PORT = 6379;

/** {@link RedisConnectionOptions} checked, with every default filled in. */
export interface ConnectionSettings {
  /** One node, or some nodes of a cluster. */
  readonly nodes: readonly Required<RedisNode>[];
  readonly cluster: boolean;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly db: number;
  readonly tls: ConnectionOptions | undefined;
  readonly name: string;
  /** Milliseconds. */
  readonly connectTimeout: number;
  /** The server as messages name it: without the password. */
  readonly target: string;
}

/**
 * Checks the options; others than those of a connection are left to whoever knows them.
 *
 * @param where whose options they are, as the user wrote it: `CatgaRedisModule.forRoot`
 * @throws {InvalidOptionError} @throws {InvalidDurationError}
 */
export function toConnectionSettings(where: string, options: RedisConnectionOptions): ConnectionSettings {
  const { url, host, cluster, name = 'catga', connectTimeout = '5s' } = options;
  if ([url, host, cluster].filter((each) => each !== undefined).length > 1) {
    throw new InvalidOptionError(optionName(where, 'url'), url, 'only one of url, host and cluster');
  }
  // Braces would end the hash tag early.
  if (typeof name !== 'string' || name === '' || /[{}\s]/.test(name)) {
    throw new InvalidOptionError(optionName(where, 'name'), name, 'a name without braces and spaces');
  }
  const own = url === undefined ? plainAddress(where, options) : parseUrl(where, url);
  const { nodes, db } = own;
  if (!Number.isInteger(db) || db < 0)
    throw new InvalidOptionError(optionName(where, 'db'), db, 'the number of a database');
  if (cluster !== undefined && db !== 0)
    throw new InvalidOptionError(optionName(where, 'db'), db, '0: a cluster has no other');
  return {
    nodes,
    cluster: cluster !== undefined,
    username: options.username ?? own.username,
    password: options.password ?? own.password,
    db,
    tls: tlsOptions(options.tls ?? own.tls),
    name,
    connectTimeout: toMilliseconds(connectTimeout, optionName(where, 'connectTimeout')),
    target: nodes.map((node) => `${node.host}:${node.port}`).join(', '),
  };
}

interface Address {
  readonly nodes: readonly Required<RedisNode>[];
  readonly db: number;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly tls?: boolean;
}

function plainAddress(where: string, options: RedisConnectionOptions): Address {
  const { host = 'localhost', port = DEFAULT_PORT, cluster = [{ host, port }], db = 0 } = options;
  if (!Array.isArray(cluster) || cluster.length === 0) {
    throw new InvalidOptionError(
      optionName(where, 'cluster'),
      cluster,
      "some nodes: [{ host: 'redis-1', port: 6379 }]",
    );
  }
  const nodes = cluster.map((node) => ({ host: node.host, port: node.port ?? DEFAULT_PORT }));
  for (const node of nodes) {
    if (typeof node.host !== 'string' || node.host === '') {
      throw new InvalidOptionError(optionName(where, 'host'), node.host, 'the name or address of a host');
    }
    assertPort(where, node.port);
  }
  return { nodes, db };
}

function parseUrl(where: string, text: string): Address {
  const expected = "a URL such as 'redis://localhost:6379' or 'rediss://user:password@host:6380/0'";
  // The text may hold a password: messages must not repeat it.
  const refuse = (): InvalidOptionError => new InvalidOptionError(optionName(where, 'url'), masked(text), expected);
  if (typeof text !== 'string' || !URL.canParse(text)) throw refuse();
  const url = new URL(text);
  const db = url.pathname.replace(/^\//, '');
  if (!/^rediss?:$/.test(url.protocol) || url.hostname === '' || !/^\d*$/.test(db)) throw refuse();
  const port = url.port === '' ? DEFAULT_PORT : Number(url.port);
  assertPort(where, port);
  return {
    nodes: [{ host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port }],
    db: Number(db),
    username: url.username === '' ? undefined : decodeURIComponent(url.username),
    password: url.password === '' ? undefined : decodeURIComponent(url.password),
    tls: url.protocol === 'rediss:',
  };
}

function masked(url: unknown): unknown {
  return typeof url === 'string' ? url.replace(/\/\/[^@]*@/, '//…@') : url;
}

function assertPort(where: string, port: number): void {
  if (Number.isInteger(port) && port > 0 && port < 65_536) return;
  throw new InvalidOptionError(optionName(where, 'port'), port, 'a port from 1 to 65535');
}

function tlsOptions(tls: boolean | ConnectionOptions | undefined): ConnectionOptions | undefined {
  if (tls === undefined || tls === false) return undefined;
  return tls === true ? {} : tls;
}

/** An option as messages name it: `CatgaRedisModule.forRoot({ url })`. */
export function optionName(where: string, name: string): string {
  return `${where}({ ${name} })`;
}
