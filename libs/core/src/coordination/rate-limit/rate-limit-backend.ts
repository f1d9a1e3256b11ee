import type { RateLimitSettings } from './rate-limit.options.js';

/** What a limit leaves at some moment. */
export interface RateLimitStatus {
  /** Permits that could be taken now. */
  readonly remaining: number;
  /** Milliseconds until what was asked for may be had; of a status, until one permit may. 0: now. */
  readonly retryAfter: number;
  /** When everything is available again, if nobody takes any more. Milliseconds since 1970. */
  readonly resetAt: number;
}

/** Whether permits were taken, and what is left. */
export interface RateLimitDecision extends RateLimitStatus {
  readonly allowed: boolean;
}

/** Permits wanted of one limit. */
export interface RateLimitRequest {
  /** Unique to the limiter and what it counts. */
  readonly key: string;
  readonly settings: RateLimitSettings;
  readonly permits: number;
  /** False: only look whether they could be taken. */
  readonly take: boolean;
}

/** Where rate limits are counted. Takes all permits asked for or none; two nodes never take the same ones. */
export interface RateLimitBackend {
  /** Short name for messages: `redis`, … */
  readonly name: string;
  ask(request: RateLimitRequest): Promise<RateLimitDecision>;
}
