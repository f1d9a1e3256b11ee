import { assertKnownOptions, InvalidOptionError, toMilliseconds, type Duration } from '../../../foundation/index.js';
import { JsonCodec, type Codec } from '../../../store/index.js';

/** Options of `IdempotencyBehavior.with`. */
export interface IdempotencyOptions {
  /** How long first answers are kept. Default 24 h. */
  readonly keepFor?: Duration | undefined;
  /** What a repetition does while the first one is handled: wait for its answer (default) or fail at once. */
  readonly concurrent?: 'wait' | 'reject' | undefined;
  /** The longest that a repetition waits. Default 10 s. */
  readonly waitFor?: Duration | undefined;
  /** How long after the death of a node its unfinished messages may be handled again. Default 30 s. */
  readonly lease?: Duration | undefined;
  /** How answers are written. Default: a `JsonCodec`; give one of your own on which result classes are registered. */
  readonly codec?: Codec | undefined;
}

/** {@link IdempotencyOptions} with every default filled in; durations in milliseconds. */
export interface IdempotencySettings {
  readonly keepFor: number;
  readonly waits: boolean;
  readonly waitFor: number;
  readonly lease: number;
  readonly codec: Codec;
}

/**
 * @throws {UnknownOptionError}
 * @throws {InvalidOptionError}
 * @throws {InvalidDurationError}
 */
export function resolveIdempotencyOptions(options: IdempotencyOptions = {}): IdempotencySettings {
  const where = 'IdempotencyBehavior.with';
  assertKnownOptions(where, options, ['keepFor', 'concurrent', 'waitFor', 'lease', 'codec']);
  const { keepFor = '24h', concurrent = 'wait', waitFor = '10s', lease = '30s', codec = new JsonCodec() } = options;
  if (concurrent !== 'wait' && concurrent !== 'reject') {
    throw new InvalidOptionError(`${where}: concurrent`, concurrent, `'wait' or 'reject'`);
  }
  return {
    keepFor: toMilliseconds(keepFor, `${where}: keepFor`),
    waits: concurrent === 'wait',
    waitFor: toMilliseconds(waitFor, `${where}: waitFor`),
    lease: toMilliseconds(lease, `${where}: lease`),
    codec,
  };
}
