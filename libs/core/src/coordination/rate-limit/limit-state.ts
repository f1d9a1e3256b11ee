import type { RateLimitDecision, RateLimitRequest } from './rate-limit-backend.js';

/** Of a token bucket: when it is full again. Of a sliding window: times and how many were taken then, oldest first. */
export type LimitState = readonly number[];

/** What came of a request. */
export interface LimitChange {
  readonly decision: RateLimitDecision;
  /** The new state; left out when it stays as it is. Worth nothing any more after `decision.resetAt`. */
  readonly next?: LimitState;
}

/** Entries kept of a window. With a larger limit, what was taken within a 64th of `per` is counted as one. */
export const RATE_LIMIT_PARTS = 64;

/** Less than any time that matters, more than what rounding makes of a sum of fractions. Milliseconds. */
const TINY = 1e-6;

/** @param now milliseconds; all times of one limit are of one clock */
export function decideLimit(state: LimitState | undefined, now: number, request: RateLimitRequest): LimitChange {
  return request.settings.algorithm === 'token-bucket'
    ? tokenBucket(state?.[0] ?? now, now, request)
    : slidingWindow(state ?? [], now, request);
}

/** Generic cell rate algorithm: one number says all. Taking a permit puts off the time at which the bucket is full. */
function tokenBucket(fullAt: number, now: number, { settings, permits, take }: RateLimitRequest): LimitChange {
  const interval = settings.per / settings.limit;
  const room = settings.burst * interval;
  const from = Math.max(fullAt, now);
  const to = from + permits * interval;
  const allowed = to - room <= now + TINY;
  const resetAt = allowed && take ? to : from;
  const decision: RateLimitDecision = {
    allowed,
    remaining: Math.max(0, Math.floor((now + room - resetAt + TINY) / interval)),
    retryAfter: allowed ? 0 : Math.ceil(to - room - now),
    resetAt: Math.ceil(resetAt),
  };
  return allowed && take ? { decision, next: [to] } : { decision };
}

/** Counts what was taken in the last `per`. Times are rounded up, so that it is never forgotten too early. */
function slidingWindow(state: LimitState, now: number, { settings, permits, take }: RateLimitRequest): LimitChange {
  const { limit, per } = settings;
  const entries = pairs(state).filter(([at]) => at + per > now);
  const used = entries.reduce((sum, [, count]) => sum + count, 0);
  const allowed = used + permits <= limit;
  const taken = allowed && take ? permits : 0;
  if (taken > 0) add(entries, roundUp(now, limit > RATE_LIMIT_PARTS ? Math.ceil(per / RATE_LIMIT_PARTS) : 1), taken);
  const last = entries.at(-1);
  const decision: RateLimitDecision = {
    allowed,
    remaining: Math.max(0, limit - used - taken),
    retryAfter: allowed ? 0 : Math.ceil(freeAt(entries, used + permits - limit) + per - now),
    resetAt: last === undefined ? now : Math.ceil(last[0] + per),
  };
  return taken > 0 ? { decision, next: entries.flat() } : { decision };
}

function add(entries: [number, number][], time: number, count: number): void {
  const last = entries.at(-1);
  // A clock that went back must not forget earlier.
  if (last !== undefined && last[0] >= time) last[1] += count;
  else entries.push([time, count]);
}

/** The time of the entry with which so many permits have come back. */
function freeAt(entries: readonly (readonly [number, number])[], needed: number): number {
  let freed = 0;
  for (const [at, count] of entries) {
    freed += count;
    if (freed >= needed) return at;
  }
  return entries.at(-1)?.[0] ?? 0;
}

function pairs(state: LimitState): [number, number][] {
  return Array.from({ length: state.length / 2 }, (_, index) => [
    state[2 * index] as number,
    state[2 * index + 1] as number,
  ]);
}

function roundUp(time: number, step: number): number {
  return Math.ceil(time / step) * step;
}
