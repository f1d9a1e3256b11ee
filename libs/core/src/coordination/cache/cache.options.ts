import { assertKnownOptions, InvalidOptionError, toMilliseconds, type Duration } from '../../foundation/index.js';

/** Options of `Cache.set`. */
export interface CacheSetOptions {
  /** How long the value is used. Default: the cache's own, 5 min unless configured. */
  readonly ttl?: Duration | undefined;
  /** Marks by which many values can be removed at once: see `Cache.deleteTag`. */
  readonly tags?: readonly string[] | undefined;
}

/** Options of `Cache.getOrSet`. */
export interface CacheGetOrSetOptions extends CacheSetOptions {
  /** How long after its ttl the old value is given at once, while a new one is made in the background. Default 0. */
  readonly staleWhileRevalidate?: Duration | undefined;
  /** How long it is remembered that the factory has found nothing (undefined). Default 0: it is asked again each time. */
  readonly negativeTtl?: Duration | undefined;
}

/** {@link CacheGetOrSetOptions} in milliseconds. */
export interface CacheEntrySettings {
  readonly ttl: number;
  readonly staleFor: number;
  readonly negativeTtl: number;
  readonly tags: readonly string[];
}

/** @throws {UnknownOptionError} @throws {InvalidOptionError} @throws {InvalidDurationError} */
export function resolveEntryOptions(
  where: string,
  known: readonly string[],
  options: CacheGetOrSetOptions,
  ttl: number,
): CacheEntrySettings {
  assertKnownOptions(where, options, known);
  const { tags = [] } = options;
  if (!Array.isArray(tags) || tags.some((tag) => typeof tag !== 'string' || tag === '')) {
    throw new InvalidOptionError(`${where}: tags`, tags, 'a list of texts');
  }
  const own = toMilliseconds(options.ttl ?? ttl, `${where}: ttl`);
  if (own < 1) throw new InvalidOptionError(`${where}: ttl`, options.ttl, 'at least 1 ms');
  return {
    ttl: own,
    staleFor: toMilliseconds(options.staleWhileRevalidate ?? 0, `${where}: staleWhileRevalidate`),
    negativeTtl: toMilliseconds(options.negativeTtl ?? 0, `${where}: negativeTtl`),
    tags: [...new Set(tags)],
  };
}
