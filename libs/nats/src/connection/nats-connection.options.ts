import type { Duration } from '@catga/core';

/** How the connection is encrypted: PEM texts or the files that hold them. */
export interface NatsTlsOptions {
  readonly ca?: string;
  readonly caFile?: string;
  readonly cert?: string;
  readonly certFile?: string;
  readonly key?: string;
  readonly keyFile?: string;
  /** Begin with the TLS handshake; the server must be set up for it. Default false. */
  readonly handshakeFirst?: boolean;
  /** False: accept any certificate. Never in production. Default true. */
  readonly rejectUnauthorized?: boolean;
}

/** Where NATS is and who we are. Store, transport and microservices take the same options. */
export interface NatsConnectionOptions {
  /**
   * One server or several of one cluster: `nats://user:password@host:4222`, `tls://host:4222` or `host:4222`.
   * Default `nats://127.0.0.1:4222`.
   */
  readonly servers?: string | readonly string[];
  /** Name and password of a user. Those in the URL are taken when these are left out. */
  readonly user?: string;
  readonly pass?: string;
  /** A token instead of a user. */
  readonly token?: string;
  /** Seed of an NKey, `SU…`. */
  readonly nkeySeed?: string;
  /** Text (not path) of a `.creds` file. */
  readonly credentials?: string;
  readonly tls?: NatsTlsOptions;
  /** Shown by the server's monitoring, followed by what the connection is for. Default `catga`. */
  readonly connectionName?: string;
  /** How long the first connection is tried, and how long a server may take to answer. Default `'5s'`. */
  readonly connectTimeout?: Duration;
  /** Longest pause between two attempts to reconnect; the first ones come within 50 ms. Default `'2s'`. */
  readonly maxReconnectDelay?: Duration;
  /** How often an idle connection is checked; two checks without an answer end it. Default `'5s'`. */
  readonly pingInterval?: Duration;
  /** Keep to `servers`: servers of a cluster tell of each other, with addresses that may lead nowhere from outside. Default false. */
  readonly ignoreClusterUpdates?: boolean;
}

/** Names of the options, for whoever takes them among others. */
export const NATS_CONNECTION_OPTIONS = [
  'servers',
  'user',
  'pass',
  'token',
  'nkeySeed',
  'credentials',
  'tls',
  'connectionName',
  'connectTimeout',
  'maxReconnectDelay',
  'pingInterval',
  'ignoreClusterUpdates',
] as const satisfies readonly (keyof NatsConnectionOptions)[];
