import type { RateLimitBackend } from './rate-limit-backend.js';
import { RateLimitConflictError, UnknownRateLimitError } from './rate-limit.errors.js';
import { resolveRateLimitPolicy, type RateLimitPolicy, type RateLimitSettings } from './rate-limit.options.js';
import { RateLimiter } from './rate-limiter.js';

/**
 * The rate limits of an application, by name. A name stands for one policy and for its counts on all nodes.
 *
 * @example
 * ```ts
 * CatgaModule.forRoot({ coordination: { rateLimits: { emails: { limit: 100, per: '1m' } } } });
 * // and, where RateLimiters is injected
 * const { allowed } = await rateLimiters.get('emails').tryAcquire(customerId);
 * ```
 */
export class RateLimiters {
  private readonly limiters = new Map<string, RateLimiter>();

  /** @throws {UnknownOptionError} @throws {InvalidOptionError} @throws {InvalidDurationError} */
  constructor(
    private readonly backend: RateLimitBackend,
    policies: Readonly<Record<string, RateLimitPolicy>> = {},
  ) {
    for (const [name, policy] of Object.entries(policies)) this.create(name, policy);
  }

  /** @throws {UnknownRateLimitError} no such name was configured or created */
  get(name: string): RateLimiter {
    const limiter = this.limiters.get(name);
    if (limiter === undefined) throw new UnknownRateLimitError(name, [...this.limiters.keys()]);
    return limiter;
  }

  /**
   * The limiter of that name, made if there is none.
   *
   * @throws {RateLimitConflictError} the name has another policy
   * @throws {UnknownOptionError} @throws {InvalidOptionError} @throws {InvalidDurationError}
   */
  create(name: string, policy: RateLimitPolicy): RateLimiter {
    const settings = resolveRateLimitPolicy(`rate limit "${name}"`, policy);
    const known = this.limiters.get(name);
    if (known === undefined) {
      const made = new RateLimiter(this.backend, name, settings);
      this.limiters.set(name, made);
      return made;
    }
    if (describe(known.settings) === describe(settings)) return known;
    throw new RateLimitConflictError(name, describe(known.settings), describe(settings));
  }

  /** All limiters, in the order in which they were made. */
  list(): readonly RateLimiter[] {
    return [...this.limiters.values()];
  }
}

function describe({ algorithm, limit, per, burst }: RateLimitSettings): string {
  return `${algorithm} ${limit} in ${per} ms, ${burst} at once`;
}
