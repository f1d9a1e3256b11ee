import { assertKnownOptions, InvalidOptionError, toMilliseconds } from '@catga/core';
import { credsAuthenticator, nkeyAuthenticator, type NodeConnectionOptions } from '@nats-io/transport-node';
import type { NatsConnectionOptions, NatsTlsOptions } from './nats-connection.options.js';

const TLS_OPTIONS = [
  'ca',
  'caFile',
  'cert',
  'certFile',
  'key',
  'keyFile',
  'handshakeFirst',
  'rejectUnauthorized',
] as const satisfies readonly (keyof NatsTlsOptions)[];

/** What the client library is told, and what is our own business. */
export interface ClientOptions {
  readonly client: NodeConnectionOptions;
  /** `host:port` of each server, without secrets: for messages. */
  readonly servers: readonly string[];
  readonly connectionName: string;
  /** Milliseconds. */
  readonly connectTimeout: number;
  /** Milliseconds. */
  readonly maxReconnectDelay: number;
}

/**
 * Checked options.
 *
 * @throws {InvalidOptionError} @throws {UnknownOptionError} @throws {InvalidDurationError}
 */
export function toClientOptions(options: NatsConnectionOptions): ClientOptions {
  const { servers = 'nats://127.0.0.1:4222', connectionName = 'catga', tls } = options;
  const urls = (typeof servers === 'string' ? [servers] : servers).map(parseServer);
  if (urls.length === 0) throw new InvalidOptionError('nats servers', servers, "a URL, e.g. 'nats://127.0.0.1:4222'");
  assertKnownOptions('nats tls', tls, TLS_OPTIONS);
  const encrypted = tls !== undefined || urls.some(({ protocol }) => protocol === 'tls:');
  const connectTimeout = toMilliseconds(options.connectTimeout ?? '5s', 'nats connectTimeout');
  return {
    client: {
      servers: urls.map(({ host }) => host),
      ...authentication(options, urls[0] as URL),
      ...(encrypted && { tls: { ...tls } }),
      timeout: connectTimeout,
      pingInterval: toMilliseconds(options.pingInterval ?? '5s', 'nats pingInterval'),
      maxPingOut: 2,
      ignoreClusterUpdates: options.ignoreClusterUpdates ?? false,
      maxReconnectAttempts: -1,
      // A password that is being changed must not end the connection for good.
      ignoreAuthErrorAbort: true,
      // A stack trace for each request costs more than the request.
      noAsyncTraces: true,
    },
    servers: urls.map(({ host }) => host),
    connectionName,
    connectTimeout,
    maxReconnectDelay: toMilliseconds(options.maxReconnectDelay ?? '2s', 'nats maxReconnectDelay'),
  };
}

function parseServer(server: string): URL {
  const text = typeof server === 'string' && !server.includes('://') ? `nats://${server}` : server;
  let url: URL | undefined;
  try {
    url = new URL(text);
  } catch {
    // said below
  }
  if (url === undefined || !['nats:', 'tls:'].includes(url.protocol) || url.hostname === '') {
    throw new InvalidOptionError(
      'nats servers',
      server,
      "URLs like 'nats://host:4222', 'tls://host:4222' or 'host:4222'",
    );
  }
  if (url.port === '') url.port = '4222';
  return url;
}

/** The client library ignores what a URL says about the user. */
function authentication(options: NatsConnectionOptions, url: URL): NodeConnectionOptions {
  const { user = decodeURIComponent(url.username), pass = decodeURIComponent(url.password), token } = options;
  const { nkeySeed, credentials } = options;
  const encoder = new TextEncoder();
  if (credentials !== undefined) return { authenticator: credsAuthenticator(encoder.encode(credentials)) };
  if (nkeySeed !== undefined) return { authenticator: nkeyAuthenticator(encoder.encode(nkeySeed)) };
  if (token !== undefined) return { token };
  if (user === '') return {};
  // `nats://secret@host` is a token, as everywhere in NATS.
  return pass === '' && options.user === undefined ? { token: user } : { user, pass };
}
