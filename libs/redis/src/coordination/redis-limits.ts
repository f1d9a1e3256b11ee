import { RATE_LIMIT_PARTS, type RateLimitBackend, type RateLimitDecision, type RateLimitRequest } from '@catga/core';
import type { ScriptLink } from './script-link.js';
import { SLIDING_WINDOW, TOKEN_BUCKET } from './scripts/limits.lua.js';

/**
 * Rate limits as keys of Redis: one call for each decision, by the server's clock. When an answer is lost on the way, the
 * permits are asked for again and may be counted twice: too few are let through then, never too many.
 */
export class RedisLimits implements RateLimitBackend {
  readonly name = 'redis';

  constructor(private readonly link: ScriptLink) {}

  async ask({ key, settings, permits, take }: RateLimitRequest): Promise<RateLimitDecision> {
    const { algorithm, limit, per, burst } = settings;
    const common = [key, permits, take ? 1 : 0, limit, per];
    const reply =
      algorithm === 'token-bucket'
        ? await this.link.run(TOKEN_BUCKET, [...common, burst])
        : await this.link.run(SLIDING_WINDOW, [
            ...common,
            limit > RATE_LIMIT_PARTS ? Math.ceil(per / RATE_LIMIT_PARTS) : 1,
          ]);
    const [allowed, remaining, retryAfter, resetAt] = (reply as (string | number)[]).map(Number);
    return {
      allowed: allowed === 1,
      remaining: remaining as number,
      retryAfter: retryAfter as number,
      resetAt: resetAt as number,
    };
  }
}
