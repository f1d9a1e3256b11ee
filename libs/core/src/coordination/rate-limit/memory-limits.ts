import { systemClock, type Clock } from '../../foundation/index.js';
import { decideLimit, type LimitState } from './limit-state.js';
import type { RateLimitBackend, RateLimitDecision, RateLimitRequest } from './rate-limit-backend.js';

/** Keys beyond which those are looked for that count nothing any more. */
const MANY = 1_000;

/** Rate limits of this OS process, by its monotonic clock. */
export class MemoryLimits implements RateLimitBackend {
  readonly name = 'memory';
  private readonly states = new Map<string, { readonly state: LimitState; readonly resetAt: number }>();
  private sweepAt = MANY;

  constructor(private readonly clock: Clock = systemClock) {}

  async ask(request: RateLimitRequest): Promise<RateLimitDecision> {
    const now = this.clock.monotonic();
    const { decision, next } = decideLimit(this.states.get(request.key)?.state, now, request);
    if (next !== undefined) {
      this.states.set(request.key, { state: next, resetAt: decision.resetAt });
      if (this.states.size > this.sweepAt) this.sweep(now);
    }
    return { ...decision, resetAt: Math.ceil(this.clock.now() + decision.resetAt - now) };
  }

  private sweep(now: number): void {
    for (const [key, { resetAt }] of this.states) if (resetAt <= now) this.states.delete(key);
    this.sweepAt = Math.max(MANY, this.states.size * 2);
  }
}
