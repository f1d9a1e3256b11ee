import { setTimeout as sleep } from 'node:timers/promises';
import { assertKnownOptions, toMilliseconds, type Duration } from '../../foundation/index.js';
import { Turns } from '../turns.js';
import type { RateLimitBackend, RateLimitDecision, RateLimitRequest, RateLimitStatus } from './rate-limit-backend.js';
import { RateLimitExceededError, RateLimitPermitsError } from './rate-limit.errors.js';
import type { RateLimitSettings } from './rate-limit.options.js';

/** Options of {@link RateLimiter.acquire}. */
export interface AcquireOptions {
  /** How many are needed at once. Default 1. */
  readonly permits?: number | undefined;
  /** The longest to wait; 0 does not wait. Default 30 s. */
  readonly maxWait?: Duration | undefined;
  /** Ends the waiting; its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
}

/** No longer than this is slept at a time: longer timers would fire at once. Milliseconds. */
const LONGEST_SLEEP = 3_600_000;

/**
 * Lets so much through and no more, for each key: a customer, an address, a service that is called. Made by
 * {@link RateLimiters}.
 *
 * @example
 * ```ts
 * const { allowed, retryAfter } = await limiter.tryAcquire(customerId);
 * if (!allowed) throw new HttpException(`Try again in ${retryAfter} ms`, 429);
 * ```
 */
export class RateLimiter {
  private readonly turns = new Turns();

  constructor(
    private readonly backend: RateLimitBackend,
    readonly name: string,
    readonly settings: RateLimitSettings,
  ) {}

  /**
   * Takes permits if they are there, all or none.
   *
   * @throws {RateLimitPermitsError} more than the limit ever gives at once
   */
  async tryAcquire(key: string, permits = 1): Promise<RateLimitDecision> {
    this.assertPermits(permits);
    return this.backend.ask(this.request(key, permits, true));
  }

  /** What is left; takes nothing. */
  async status(key: string): Promise<RateLimitStatus> {
    const { remaining, retryAfter, resetAt } = await this.backend.ask(this.request(key, 1, false));
    return { remaining, retryAfter, resetAt };
  }

  /**
   * Waits for permits and takes them. Those who wait on one node for one key are served in their order.
   *
   * @throws {RateLimitExceededError} there will be none within `maxWait`; thrown as soon as that is known
   * @throws {RateLimitPermitsError}
   * @throws the reason of `signal`
   */
  async acquire(key: string, options: AcquireOptions = {}): Promise<RateLimitDecision> {
    const where = `acquire of the rate limit "${this.name}"`;
    assertKnownOptions(where, options, ['permits', 'maxWait', 'signal']);
    const { permits = 1, signal } = options;
    const maxWait = toMilliseconds(options.maxWait ?? '30s', `${where}: maxWait`);
    this.assertPermits(permits);
    signal?.throwIfAborted();
    const deadline = performance.now() + maxWait;
    const leave = await this.turns.enter(key, { within: maxWait, signal });
    if (leave === undefined) {
      const { retryAfter } = await this.status(key);
      throw new RateLimitExceededError(this.name, key, retryAfter, maxWait);
    }
    try {
      return await this.take(key, permits, deadline, maxWait, signal);
    } finally {
      leave();
    }
  }

  private async take(
    key: string,
    permits: number,
    deadline: number,
    maxWait: number,
    signal: AbortSignal | undefined,
  ): Promise<RateLimitDecision> {
    for (;;) {
      const decision = await this.tryAcquire(key, permits);
      if (decision.allowed) return decision;
      const { retryAfter } = decision;
      if (performance.now() + retryAfter > deadline) {
        throw new RateLimitExceededError(this.name, key, retryAfter, maxWait);
      }
      await pause(Math.min(retryAfter, LONGEST_SLEEP), signal);
    }
  }

  private request(key: string, permits: number, take: boolean): RateLimitRequest {
    const { settings, name } = this;
    return { key: `${encodeURIComponent(name)}|${key}`, settings, permits, take };
  }

  private assertPermits(permits: number): void {
    const { burst } = this.settings;
    if (Number.isSafeInteger(permits) && permits >= 1 && permits <= burst) return;
    throw new RateLimitPermitsError(this.name, permits, burst);
  }
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(ms, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    // The reason that the caller gave, not the error of the timer.
    signal?.throwIfAborted();
    throw error;
  }
}
