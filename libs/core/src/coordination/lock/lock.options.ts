import { assertKnownOptions, InvalidOptionError, toMilliseconds, type Duration } from '../../foundation/index.js';

/** What every `acquire` of an application does unless told otherwise. */
export interface LockDefaults {
  /**
   * How long others wait after the death of the holder; renewed at a third for as long as the holder lives. From 50 ms to
   * 24 h. Default 30 s.
   */
  readonly ttl?: Duration | undefined;
  /** The longest to wait for the lock; 0 tries once. Default 10 s. */
  readonly wait?: Duration | 'forever' | undefined;
}

/** Options of `DistributedLock.acquire`. */
export interface LockOptions extends LockDefaults {
  /** Ends the waiting; its reason is thrown. It does not end the lock. */
  readonly signal?: AbortSignal | undefined;
}

/** {@link LockDefaults} in milliseconds. */
export interface LockSettings {
  readonly ttl: number;
  /** May be Infinity. */
  readonly wait: number;
}

const SHORTEST = 50;
const LONGEST = 86_400_000;

/**
 * Checks the options and fills in the defaults.
 *
 * @throws {UnknownOptionError} @throws {InvalidOptionError} @throws {InvalidDurationError}
 */
export function resolveLockOptions(
  where: string,
  options: LockOptions = {},
  defaults: LockSettings = { ttl: 30_000, wait: 10_000 },
): LockSettings {
  assertKnownOptions(where, options, ['ttl', 'wait', 'signal']);
  const ttl = options.ttl === undefined ? defaults.ttl : toMilliseconds(options.ttl, `${where}: ttl`);
  if (ttl < SHORTEST || ttl > LONGEST) throw new InvalidOptionError(`${where}: ttl`, options.ttl, 'from 50 ms to 24 h');
  return { ttl, wait: waitOf(where, options.wait, defaults.wait) };
}

function waitOf(where: string, wait: LockDefaults['wait'], otherwise: number): number {
  if (wait === undefined) return otherwise;
  return wait === 'forever' ? Number.POSITIVE_INFINITY : toMilliseconds(wait, `${where}: wait`);
}
