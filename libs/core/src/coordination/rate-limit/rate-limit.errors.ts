import { CatgaError, nearestName } from '../../foundation/index.js';

/** There were no permits in time. */
export class RateLimitExceededError extends CatgaError {
  readonly code = 'CATGA_RATE_LIMIT_EXCEEDED';
  readonly kind = 'infrastructure';
  constructor(
    /** The name of the limiter. */
    readonly limiter: string,
    readonly key: string,
    /** Milliseconds after which there may be permits. */
    readonly retryAfter: number,
    maxWait: number,
  ) {
    super(
      `The rate limit "${limiter}" of "${key}" leaves no room within ${maxWait} ms. Try again in ${Math.ceil(retryAfter)} ms, or wait longer (option maxWait).`,
      { details: { limiter, key, retryAfter, maxWait } },
    );
  }
}

/** More was asked for at once than the limit ever gives, or no whole number. */
export class RateLimitPermitsError extends CatgaError {
  readonly code = 'CATGA_RATE_LIMIT_PERMITS';
  readonly kind = 'request';
  constructor(limiter: string, permits: unknown, most: number) {
    super(
      `The rate limit "${limiter}" gives from 1 to ${most} permits at once, and was asked for ${String(permits)}. Ask for fewer, or raise ${most === 1 ? 'its burst or limit' : 'its limit'}.`,
      { details: { limiter, permits, most } },
    );
  }
}

/** No policy of that name was configured. */
export class UnknownRateLimitError extends CatgaError {
  readonly code = 'CATGA_UNKNOWN_RATE_LIMIT';
  readonly kind = 'configuration';
  constructor(name: string, known: readonly string[]) {
    const nearest = nearestName(name, known);
    super(
      `There is no rate limit "${name}". ${nearest ? `Did you mean "${nearest}"? ` : ''}Configure it in CatgaModule.forRoot({ coordination: { rateLimits: { … } } }), or make it with RateLimiters.create(name, policy). Known: ${known.join(', ') || 'none'}.`,
      { details: { name, nearest, known } },
    );
  }
}

/** One name for two policies: they would share their counts. */
export class RateLimitConflictError extends CatgaError {
  readonly code = 'CATGA_RATE_LIMIT_CONFLICT';
  readonly kind = 'configuration';
  constructor(name: string, first: string, second: string) {
    super(
      `The rate limit "${name}" has two policies: ${first}, and ${second}. A name stands for one policy: give the other one another name.`,
      { details: { name, first, second } },
    );
  }
}
