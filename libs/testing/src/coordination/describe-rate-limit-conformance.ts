import assert from 'node:assert/strict';
import { RateLimiters, type RateLimitBackend, type RateLimitPolicy } from '@catga/core';
import { admissionTest } from './rate-limit-admissions.js';
import { describeParts, sleep, type CoordinationConformanceOptions, type CoordinationSuite } from './suite.js';

/** What the suite has to know about the rate limits under test. */
export interface RateLimitConformanceOptions extends CoordinationConformanceOptions<RateLimitBackend> {
  /** Milliseconds by which the clocks of two nodes may differ when they decide. Default 1. */
  readonly precision?: number;
}

/**
 * The contract of `RateLimitBackend` as tests, with `RateLimiter` on it. Give every test 30 s.
 *
 * @example
 * ```ts
 * describeRateLimitConformance({ name: 'MyLimits', nodes: async (count) => myLimits(count) });
 * ```
 */
export function describeRateLimitConformance(options: RateLimitConformanceOptions): void {
  describeParts('RateLimitBackend', options, {
    'with a token bucket': tokenBucketTests,
    'with a sliding window': slidingWindowTests,
    'with both': commonTests,
    'under random load': (suite) => admissionTest(suite, options.precision ?? 1),
  });
}

const HOUR = 3_600_000;

function tokenBucketTests({ it, one }: CoordinationSuite<RateLimitBackend>): void {
  it('lets the burst through at once and then one permit after the other', async () => {
    const limiter = new RateLimiters(await one()).create('x', { limit: 2, per: HOUR, burst: 5 });
    for (let left = 4; left >= 0; left--) {
      const { allowed, remaining, retryAfter } = await limiter.tryAcquire('k');
      assert.deepEqual({ allowed, remaining, retryAfter }, { allowed: true, remaining: left, retryAfter: 0 });
    }
    const refused = await limiter.tryAcquire('k');
    assert.deepEqual([refused.allowed, refused.remaining], [false, 0]);
    assert.ok(refused.retryAfter > HOUR / 2 - 60_000 && refused.retryAfter <= HOUR / 2);
    assert.ok(Math.abs(refused.resetAt - Date.now() - 2.5 * HOUR) < 60_000);
  });

  it('gives permits back with time', async () => {
    const limiter = new RateLimiters(await one()).create('x', { limit: 10, per: '5s', burst: 1 });
    assert.ok((await limiter.tryAcquire('k')).allowed);
    const { allowed, retryAfter } = await limiter.tryAcquire('k');
    assert.ok(!allowed && retryAfter <= 500);
    await sleep(retryAfter + 1);
    assert.ok((await limiter.tryAcquire('k')).allowed);
  });
}

function slidingWindowTests({ it, one }: CoordinationSuite<RateLimitBackend>): void {
  const algorithm = 'sliding-window';

  it('lets the limit through and then nothing until the first ones are as old as the window', async () => {
    const limiter = new RateLimiters(await one()).create('x', { algorithm, limit: 3, per: HOUR });
    for (let left = 2; left >= 0; left--) assert.equal((await limiter.tryAcquire('k')).remaining, left);
    const { allowed, remaining, retryAfter, resetAt } = await limiter.tryAcquire('k');
    assert.deepEqual([allowed, remaining], [false, 0]);
    assert.ok(retryAfter > HOUR - 60_000 && retryAfter <= HOUR + 1);
    assert.ok(Math.abs(resetAt - Date.now() - HOUR) < 60_000);
  });

  it('says when so many will be free', async () => {
    const limiter = new RateLimiters(await one()).create('x', { algorithm, limit: 3, per: '1s' });
    await limiter.tryAcquire('k', 1);
    await sleep(300);
    await limiter.tryAcquire('k', 2);
    const single = (await limiter.tryAcquire('k', 1)).retryAfter;
    const two = (await limiter.tryAcquire('k', 2)).retryAfter;
    assert.ok(two - single > 200, `${single} ms for one, ${two} ms for two`);
    await sleep(two + 1);
    assert.ok((await limiter.tryAcquire('k', 3)).allowed);
  });

  it('keeps within a large limit too, where it counts in parts', async () => {
    const limiter = new RateLimiters(await one()).create('x', { algorithm, limit: 1_000, per: HOUR });
    for (let call = 0; call < 10; call++) assert.ok((await limiter.tryAcquire('k', 100)).allowed);
    const { allowed, remaining, retryAfter } = await limiter.tryAcquire('k');
    assert.deepEqual([allowed, remaining], [false, 0]);
    // Rounded up by a 64th at most.
    assert.ok(retryAfter > HOUR - 60_000 && retryAfter <= HOUR + HOUR / 64 + 1);
  });
}

const BOTH: readonly RateLimitPolicy[] = [
  { algorithm: 'token-bucket', limit: 4, per: HOUR },
  { algorithm: 'sliding-window', limit: 4, per: HOUR },
];

function commonTests({ it, one, two }: CoordinationSuite<RateLimitBackend>): void {
  it('counts for two nodes together, and for each key and each limiter apart', async () => {
    for (const policy of BOTH) {
      const nodes = (await two()).map((backend) => new RateLimiters(backend));
      const asked = Array.from({ length: 20 }, (_, index) =>
        (nodes[index % 2] as RateLimiters).create('x', policy).tryAcquire('k'),
      );
      assert.equal((await Promise.all(asked)).filter(({ allowed }) => allowed).length, 4);
      const [first] = nodes as [RateLimiters];
      for (const [name, key] of [
        ['x', 'other'],
        ['y', 'k'],
        ['x|k', ''],
        ['x', 'k|'],
      ] as const) {
        assert.equal((await first.create(name, policy).tryAcquire(key)).remaining, 3);
      }
    }
  });

  it('takes all permits or none', async () => {
    for (const policy of BOTH) {
      const limiter = new RateLimiters(await one()).create('x', policy);
      assert.equal((await limiter.tryAcquire('k', 3)).remaining, 1);
      const refused = await limiter.tryAcquire('k', 2);
      assert.deepEqual([refused.allowed, refused.remaining], [false, 1]);
      assert.equal((await limiter.tryAcquire('k', 1)).allowed, true);
      for (const permits of [0, -1, 1.5, 5, Number.NaN]) {
        await assert.rejects(limiter.tryAcquire('k', permits), { code: 'CATGA_RATE_LIMIT_PERMITS' });
      }
    }
  });

  it('tells what is left without taking anything', async () => {
    for (const policy of BOTH) {
      const limiter = new RateLimiters(await one()).create('x', policy);
      for (let look = 0; look < 3; look++) assert.deepEqual(pick(await limiter.status('k')), [4, true]);
      await limiter.tryAcquire('k', 3);
      for (let look = 0; look < 3; look++) assert.deepEqual(pick(await limiter.status('k')), [1, true]);
      await limiter.tryAcquire('k', 1);
      assert.deepEqual(pick(await limiter.status('k')), [0, false]);
    }
  });

  it('waits for permits in order, and no longer than told', async () => {
    for (const algorithm of ['token-bucket', 'sliding-window'] as const) {
      const limiter = new RateLimiters(await one()).create('x', { algorithm, limit: 1, per: 300 });
      const order: number[] = [];
      const waiting = [0, 1, 2].map((index) => limiter.acquire('k').then(() => order.push(index)));
      await Promise.all(waiting);
      assert.deepEqual(order, [0, 1, 2]);
      const refusal = { code: 'CATGA_RATE_LIMIT_EXCEEDED', kind: 'infrastructure' };
      await assert.rejects(limiter.acquire('k', { maxWait: 0 }), refusal);
    }
  });

  it('ends a wait when the signal is aborted', async () => {
    for (const policy of BOTH) {
      const limiter = new RateLimiters(await one()).create('x', policy);
      await limiter.tryAcquire('k', 4);
      const caller = new AbortController();
      const reason = new Error('enough');
      const calls = [0, 1].map(() => limiter.acquire('k', { maxWait: '2h', signal: caller.signal }));
      await sleep(30);
      caller.abort(reason);
      for (const call of calls) await assert.rejects(call, (error) => error === reason);
    }
  });
}

function pick({ remaining, retryAfter }: { remaining: number; retryAfter: number }): unknown[] {
  return [remaining, retryAfter === 0];
}
