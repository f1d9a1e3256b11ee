import { assertKnownOptions, InvalidOptionError, toMilliseconds } from '@catga/core';
import { NATS_CONNECTION_OPTIONS, type NatsConnectionOptions } from '../connection/index.js';
import type { NatsTransportOptions } from './nats-transport.options.js';

/** Names of the options of the transport. */
export const TRANSPORT_OPTIONS = [
  ...NATS_CONNECTION_OPTIONS,
  'name',
  'replicas',
  'partitions',
  'deduplicationWindow',
  'maxWaitingBytes',
  'keepUnsubscribed',
  'trimInterval',
  'publishTimeout',
  'drainTimeout',
] as const satisfies readonly (keyof NatsTransportOptions)[];

const NAME = /^[\w-]{1,200}$/;
const MOST_PARTITIONS = 256;

/** Checked options with their defaults. Times are milliseconds. */
export interface TransportSettings {
  readonly connection: NatsConnectionOptions;
  readonly name: string;
  readonly replicas: number;
  readonly partitions: number;
  readonly deduplicationWindow: number;
  readonly maxWaitingBytes: number | undefined;
  readonly keepUnsubscribed: number;
  readonly trimInterval: number;
  readonly publishTimeout: number;
  readonly drainTimeout: number;
}

/** @throws {UnknownOptionError} @throws {InvalidOptionError} @throws {InvalidDurationError} */
export function toTransportSettings(options: NatsTransportOptions): TransportSettings {
  assertKnownOptions('NatsTransport', options, TRANSPORT_OPTIONS);
  const { name = 'catga', maxWaitingBytes } = options;
  if (typeof name !== 'string' || !NAME.test(name)) {
    throw new InvalidOptionError('NatsTransport name', name, 'letters, digits, "_" and "-", at most 200');
  }
  const connection = Object.fromEntries(
    NATS_CONNECTION_OPTIONS.filter((key) => options[key] !== undefined).map((key) => [key, options[key]]),
  );
  return {
    connection,
    name,
    replicas: whole('replicas', options.replicas ?? 1, 1, 5),
    partitions: whole('partitions', options.partitions ?? 8, 1, MOST_PARTITIONS),
    deduplicationWindow: duration('deduplicationWindow', options.deduplicationWindow ?? '2m', 100),
    maxWaitingBytes: maxWaitingBytes === undefined ? undefined : whole('maxWaitingBytes', maxWaitingBytes, 1),
    keepUnsubscribed: whole('keepUnsubscribed', options.keepUnsubscribed ?? 10_000, 1),
    trimInterval: duration('trimInterval', options.trimInterval ?? '10s', 10),
    publishTimeout: duration('publishTimeout', options.publishTimeout ?? '10s', 1),
    drainTimeout: duration('drainTimeout', options.drainTimeout ?? '10s', 0),
  };
}

function whole(name: string, value: number, least: number, most = Number.MAX_SAFE_INTEGER): number {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  const range = most === Number.MAX_SAFE_INTEGER ? `from ${least}` : `from ${least} to ${most}`;
  throw new InvalidOptionError(`NatsTransport ${name}`, value, `a whole number ${range}`);
}

function duration(name: string, value: NonNullable<NatsTransportOptions['trimInterval']>, least: number): number {
  const milliseconds = toMilliseconds(value, `NatsTransport ${name}`);
  if (milliseconds >= least) return milliseconds;
  throw new InvalidOptionError(`NatsTransport ${name}`, value, `at least ${least} ms`);
}
