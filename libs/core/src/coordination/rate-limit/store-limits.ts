import { setTimeout as sleep } from 'node:timers/promises';
import { RecordConflictError, type Store } from '../../store/index.js';
import { textOf } from '../record-text.js';
import { Turns } from '../turns.js';
import { decideLimit, type LimitState } from './limit-state.js';
import type { RateLimitBackend, RateLimitDecision, RateLimitRequest } from './rate-limit-backend.js';

/** Collection of the counts; the key is the limiter and what it counts. */
export const RATE_LIMIT_COLLECTION = 'catga.rate-limits';

/** Milliseconds for which a count is kept after it means anything. */
const KEPT = 600_000;
/**
 * Milliseconds before its end in which a record is not written any more. One that expires between reading and writing may
 * have been made anew by another node, and have the same version again: its count would be lost.
 */
const TOO_OLD = 2_000;

/**
 * Rate limits as records of a store: shared by all nodes where the store is, by the clock of the store. Permits are taken
 * by compare-and-set; a refusal writes nothing. A store that writes to disk makes every permit as dear as a commit.
 */
export class StoreLimits implements RateLimitBackend {
  /** One at a time from this node, so that only nodes compete. */
  private readonly turns = new Turns();

  constructor(private readonly store: Store) {}

  get name(): string {
    return this.store.capabilities.name;
  }

  async ask(request: RateLimitRequest): Promise<RateLimitDecision> {
    if (!request.take) return (await this.look(request)).decision;
    const leave = await this.turns.enter(request.key, { within: Number.POSITIVE_INFINITY });
    try {
      for (let attempt = 0; ; attempt++) {
        const { decision, next, version, left } = await this.look(request);
        if (next !== undefined && left < TOO_OLD) {
          await sleep(Math.max(1, left));
          continue;
        }
        if (next === undefined || (await this.write(request.key, next, decision.resetAt, version))) return decision;
        if (attempt > 0) await sleep(Math.random() * Math.min(50, 2 ** attempt));
      }
    } finally {
      leave?.();
    }
  }

  private async look(request: RateLimitRequest) {
    const { store } = this;
    const [record, now] = await Promise.all([store.getRecord(RATE_LIMIT_COLLECTION, request.key), store.now()]);
    const state = record === undefined ? undefined : (JSON.parse(textOf(record)) as LimitState);
    const left = (record?.expiresAt ?? Number.POSITIVE_INFINITY) - now;
    return { ...decideLimit(state, now, request), version: record?.version ?? 0, left };
  }

  /** False when another node was faster. */
  private async write(key: string, state: LimitState, resetAt: number, ifVersion: number): Promise<boolean> {
    const expiresAt = resetAt + KEPT;
    const value = JSON.stringify(state);
    try {
      await this.store.commit({
        records: [{ collection: RATE_LIMIT_COLLECTION, key, value, ifVersion, expiresAt }],
      });
      return true;
    } catch (error) {
      if (error instanceof RecordConflictError) return false;
      throw error;
    }
  }
}
