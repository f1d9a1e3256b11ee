import { assertKnownOptions, InvalidOptionError, toMilliseconds, type Duration } from '@catga/core';
import { CONNECTION_OPTIONS, optionName, type RedisConnectionOptions } from '../connection/index.js';

/** Options of `RedisTransport` beside those of the connection. */
export interface RedisTransportOptions extends RedisConnectionOptions {
  /**
   * Into how many parts the messages with a key of a subscription are divided: as many members can share them, at most.
   * Fixed when a subscription is made; changing it later affects new subscriptions only. Default 16, at most 256.
   */
  readonly partitions?: number;
  /** For how long a message published twice with QoS 2 is recognised. Default `'10m'`. */
  readonly deduplicationWindow?: Duration;
  /** Bytes of the newest messages kept for subscriptions with `startFrom: 'oldest'`. Default 16 MiB; 0: none. */
  readonly retain?: number;
  /** Bytes of the largest message. Default 1 MiB; Redis itself takes 512 MiB (`proto-max-bulk-len`). */
  readonly maxMessageSize?: number;
  /** How long the server may be silent before its connection is taken for lost. Default `'10s'`. */
  readonly commandTimeout?: Duration;
  /** How long `close` waits for handlers before it aborts them. Default `'10s'`. */
  readonly drainTimeout?: Duration;
}

/** {@link RedisTransportOptions} checked, with every default filled in. Times are milliseconds. */
export interface TransportSettings {
  readonly partitions: number;
  readonly deduplicationWindow: number;
  readonly retain: number;
  readonly maxMessageSize: number;
  readonly commandTimeout: number;
  readonly drainTimeout: number;
}

/** The names of the options that only the transport has, for checks of objects that hold more. */
export const TRANSPORT_OPTIONS = [
  'partitions',
  'deduplicationWindow',
  'retain',
  'maxMessageSize',
  'commandTimeout',
  'drainTimeout',
] as const satisfies (keyof RedisTransportOptions)[];

/** @throws {UnknownOptionError} @throws {InvalidOptionError} @throws {InvalidDurationError} */
export function toTransportSettings(options: RedisTransportOptions, where: string): TransportSettings {
  assertKnownOptions(where, options, [...CONNECTION_OPTIONS, ...TRANSPORT_OPTIONS]);
  const name = (option: string): string => optionName(where, option);
  return {
    partitions: whole(name('partitions'), options.partitions ?? 16, 1, 256),
    deduplicationWindow: time(name('deduplicationWindow'), options.deduplicationWindow ?? '10m'),
    retain: whole(name('retain'), options.retain ?? 16 * 1_024 * 1_024, 0, Number.MAX_SAFE_INTEGER),
    maxMessageSize: whole(name('maxMessageSize'), options.maxMessageSize ?? 1_024 * 1_024, 1, 512 * 1_024 * 1_024),
    commandTimeout: time(name('commandTimeout'), options.commandTimeout ?? '10s'),
    drainTimeout: toMilliseconds(options.drainTimeout ?? '10s', name('drainTimeout')),
  };
}

function whole(name: string, value: number, least: number, most: number): number {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  throw new InvalidOptionError(name, value, `a whole number from ${least} to ${most}`);
}

function time(name: string, value: Duration): number {
  const milliseconds = toMilliseconds(value, name);
  if (milliseconds >= 1) return Math.round(milliseconds);
  throw new InvalidOptionError(name, value, 'at least 1 ms');
}
