import { assertKnownOptions, InvalidOptionError, toMilliseconds, type Duration } from '../../foundation/index.js';

/** How much is let through. */
export interface RateLimitPolicy {
  /**
   * `token-bucket` (default): permits come back one by one, `limit` in every `per`, and up to `burst` are saved up.
   * `sliding-window`: never more than `limit` in any stretch of `per`.
   */
  readonly algorithm?: 'token-bucket' | 'sliding-window' | undefined;
  /** Permits in every `per`. A whole number from 1. */
  readonly limit: number;
  /** At least 1 ms. */
  readonly per: Duration;
  /** Only of a token bucket: how many may be taken at once after a rest. Default: `limit`. */
  readonly burst?: number | undefined;
}

/** {@link RateLimitPolicy} checked, with the defaults filled in. */
export interface RateLimitSettings {
  readonly algorithm: 'token-bucket' | 'sliding-window';
  readonly limit: number;
  /** Milliseconds. */
  readonly per: number;
  /** The most that can be taken at once. */
  readonly burst: number;
}

/** @throws {UnknownOptionError} @throws {InvalidOptionError} @throws {InvalidDurationError} */
export function resolveRateLimitPolicy(where: string, policy: RateLimitPolicy): RateLimitSettings {
  assertKnownOptions(where, policy ?? null, ['algorithm', 'limit', 'per', 'burst']);
  const { algorithm = 'token-bucket', limit, burst } = policy;
  if (algorithm !== 'token-bucket' && algorithm !== 'sliding-window') {
    throw new InvalidOptionError(`${where}: algorithm`, algorithm, `'token-bucket' or 'sliding-window'`);
  }
  assertCount(`${where}: limit`, limit);
  const per = toMilliseconds(policy.per, `${where}: per`);
  if (per < 1) throw new InvalidOptionError(`${where}: per`, policy.per, 'at least 1 ms');
  if (burst !== undefined) assertCount(`${where}: burst`, burst);
  if (burst !== undefined && algorithm === 'sliding-window') {
    throw new InvalidOptionError(`${where}: burst`, burst, `it only with the algorithm 'token-bucket'`);
  }
  return { algorithm, limit, per, burst: burst ?? limit };
}

function assertCount(where: string, count: number): void {
  if (Number.isSafeInteger(count) && count >= 1) return;
  throw new InvalidOptionError(where, count, 'a whole number from 1');
}
