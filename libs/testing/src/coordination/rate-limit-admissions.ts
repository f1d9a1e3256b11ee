import assert from 'node:assert/strict';
import { RateLimiters, type RateLimitBackend, type RateLimiter, type RateLimitPolicy } from '@catga/core';
import { sleep, type CoordinationSuite } from './suite.js';

/** Seeds of the generated loads; a failure names its own. */
const SEEDS = [2, 3, 5, 6];
/** Milliseconds of each load. */
const LENGTH = 500;
const CALLERS = 6;

/** Permits that were surely let through between these two times. */
interface Admission {
  readonly asked: number;
  readonly answered: number;
  readonly permits: number;
}

/** Two nodes under random load: no stretch of time may hold more than the policy gives. */
export function admissionTest({ it, two }: CoordinationSuite<RateLimitBackend>, precision: number): void {
  it('never lets more through than the policy says, in any stretch of time, over two nodes', async () => {
    for (const seed of SEEDS) {
      const random = randomFrom(seed);
      const policy = anyPolicy(random);
      const limiters = (await two()).map((backend) => new RateLimiters(backend).create(`load ${seed}`, policy));
      const admissions = await load(limiters, random, limiters[0]?.settings.burst ?? 1);
      assert.ok(admissions.length > 0, 'nothing was let through');
      const fault = firstFault(admissions, policy, precision);
      assert.equal(fault, undefined, `seed ${seed}, ${JSON.stringify(policy)}: ${fault}`);
    }
  });
}

function anyPolicy(random: (below: number) => number): RateLimitPolicy {
  const limit = 1 + random(9);
  const per = 100 + random(200);
  if (random(2) === 0) return { algorithm: 'sliding-window', limit, per };
  return { algorithm: 'token-bucket', limit, per, burst: 1 + random(6) };
}

async function load(
  limiters: readonly RateLimiter[],
  random: (below: number) => number,
  most: number,
): Promise<Admission[]> {
  const admissions: Admission[] = [];
  const end = performance.now() + LENGTH;
  const caller = async (limiter: RateLimiter): Promise<void> => {
    while (performance.now() < end) {
      const permits = 1 + random(Math.min(3, most));
      const asked = performance.now();
      const { allowed } = await limiter.tryAcquire('k', permits);
      if (allowed) admissions.push({ asked, answered: performance.now(), permits });
      await sleep(random(20));
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, (_, index) => caller(limiters[index % 2] as RateLimiter)));
  return admissions;
}

/**
 * Looks at every stretch from the question of one admission to the answer of another: whatever was asked and answered
 * within it was decided within it.
 */
function firstFault(admissions: readonly Admission[], policy: RateLimitPolicy, precision: number): string | undefined {
  for (const { asked: from } of admissions) {
    const after = admissions.filter(({ asked }) => asked >= from);
    for (const { answered: to } of after) {
      const within = after.filter(({ answered }) => answered <= to);
      const count = within.reduce((sum, { permits }) => sum + permits, 0);
      const most = mostIn(policy, to - from + precision);
      if (count > most) return `${count} permits within ${to - from} ms, where ${most} are the most`;
    }
  }
  return undefined;
}

function mostIn({ algorithm, limit, per, burst = limit }: RateLimitPolicy, stretch: number): number {
  const window = Number(per);
  if (algorithm === 'sliding-window') return stretch < window ? limit : Number.POSITIVE_INFINITY;
  return burst + (stretch * limit) / window;
}

/** The same numbers from the same seed. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
}
