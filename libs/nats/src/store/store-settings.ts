import { assertKnownOptions, InvalidOptionError, toMilliseconds } from '@catga/core';
import { NATS_CONNECTION_OPTIONS } from '../connection/index.js';
import type { LogStreamOptions } from './log-stream.js';
import type { NatsSnapshotOptions, NatsStoreOptions } from './nats-store.options.js';

/** Names of the options of the store. */
export const STORE_OPTIONS = [
  ...NATS_CONNECTION_OPTIONS,
  'name',
  'replicas',
  'maxBytes',
  'reads',
  'commandTimeout',
  'cacheSize',
  'maxCommitSize',
  'strict',
  'snapshots',
] as const satisfies readonly (keyof NatsStoreOptions)[];

/** Checked options with their defaults. */
export interface StoreSettings extends LogStreamOptions {
  readonly name: string;
  readonly reads: 'latest' | 'local';
  /** Milliseconds. */
  readonly commandTimeout: number;
  /** Bytes. */
  readonly cacheSize: number;
  /** Bytes. */
  readonly maxCommitSize: number;
  readonly strict: boolean;
  /** After how much of the log a snapshot is made; undefined: never by this node. */
  readonly snapshots: { readonly messages: number; readonly bytes: number } | undefined;
}

/** @throws {UnknownOptionError} @throws {InvalidOptionError} @throws {InvalidDurationError} */
export function toStoreSettings(options: NatsStoreOptions): StoreSettings {
  assertKnownOptions('NatsStore', options, STORE_OPTIONS);
  const { name = 'catga', replicas = 1, reads = 'latest', strict = false, maxBytes } = options;
  if (typeof name !== 'string' || !/^[\w-]{1,200}$/.test(name)) {
    throw new InvalidOptionError('NatsStore name', name, "letters, digits, '-' and '_', e.g. 'orders'");
  }
  if (![1, 2, 3, 4, 5].includes(replicas)) throw new InvalidOptionError('NatsStore replicas', replicas, '1, 3 or 5');
  if (reads !== 'latest' && reads !== 'local') {
    throw new InvalidOptionError('NatsStore reads', reads, "'latest' or 'local'");
  }
  if (typeof strict !== 'boolean') throw new InvalidOptionError('NatsStore strict', strict, 'true or false');
  return {
    name,
    replicas,
    reads,
    strict,
    maxBytes: maxBytes === undefined ? undefined : bytes('maxBytes', maxBytes),
    snapshots: toSnapshotSettings(options.snapshots),
    commandTimeout: toMilliseconds(options.commandTimeout ?? '10s', 'NatsStore commandTimeout'),
    cacheSize: bytes('cacheSize', options.cacheSize ?? 64 * 1_024 * 1_024),
    maxCommitSize: bytes('maxCommitSize', options.maxCommitSize ?? 32 * 1_024 * 1_024),
  };
}

function bytes(option: string, value: number): number {
  if (Number.isInteger(value) && value >= 0) return value;
  throw new InvalidOptionError(`NatsStore ${option}`, value, 'a number of bytes, or leave it out');
}

function toSnapshotSettings(options: NatsStoreOptions['snapshots']): StoreSettings['snapshots'] {
  if (options === false) return undefined;
  assertKnownOptions('NatsStore snapshots', options, ['messages', 'bytes'] satisfies (keyof NatsSnapshotOptions)[]);
  const { messages = 100_000, bytes: size = 256 * 1_024 * 1_024 } = options ?? {};
  if (!Number.isInteger(messages) || messages < 1) {
    throw new InvalidOptionError('NatsStore snapshots messages', messages, 'a number of messages from 1 on');
  }
  return { messages, bytes: bytes('snapshots bytes', size) };
}
