import {
  Cache,
  LOCK_COLLECTION,
  MemoryCache,
  MemoryLimits,
  MemoryStore,
  RateLimiters,
  StoreLocks,
  type RateLimitPolicy,
} from '@catga/core';
import fc from 'fast-check';

/** A clock that a test turns. */
function turnedClock(): { time: number; now(): number; monotonic(): number } {
  return { time: 1_000, now: () => 1_800_000_000_000, monotonic: () => 0 };
}

/** Permits that were taken at a time. */
interface Permits {
  readonly at: number;
  readonly permits: number;
}

describe('rate limits, against a log of all permits', () => {
  const steps = fc.array(
    fc.record({ pause: fc.integer({ min: 0, max: 60 }), permits: fc.integer({ min: 1, max: 3 }) }),
    {
      minLength: 1,
      maxLength: 120,
    },
  );

  async function run(policy: RateLimitPolicy, program: readonly { pause: number; permits: number }[]) {
    const clock = turnedClock();
    clock.monotonic = () => clock.time;
    const limiter = new RateLimiters(new MemoryLimits(clock)).create('x', policy);
    const taken: Permits[] = [];
    const decisions: { at: number; permits: number; allowed: boolean; retryAfter: number }[] = [];
    for (const { pause, permits } of program) {
      clock.time += pause;
      const at = clock.time;
      const { allowed, retryAfter } = await limiter.tryAcquire('k', Math.min(permits, limiter.settings.burst));
      const asked = Math.min(permits, limiter.settings.burst);
      decisions.push({ at, permits: asked, allowed, retryAfter });
      if (allowed) taken.push({ at, permits: asked });
    }
    return { decisions, taken };
  }

  const usedIn = (taken: readonly Permits[], from: number, to: number): number =>
    taken.filter(({ at }) => at > from && at <= to).reduce((sum, { permits }) => sum + permits, 0);

  it('lets through exactly what a sliding window allows', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 10, max: 300 }),
        steps,
        async (limit, per, all) => {
          const { decisions } = await run({ algorithm: 'sliding-window', limit, per }, all);
          const log: Permits[] = [];
          for (const { at, permits, allowed } of decisions) {
            expect(allowed).toBe(usedIn(log, at - per, at) + permits <= limit);
            if (allowed) log.push({ at, permits });
          }
        },
      ),
    );
  });

  it('never lets more through than a large window allows, and is less than a 64th behind', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 65, max: 100 }),
        fc.integer({ min: 64, max: 300 }),
        steps,
        async (limit, per, all) => {
          const program = all.flatMap((step) => [step, { pause: 0, permits: 3 }, { pause: 0, permits: 3 }]);
          const { decisions, taken } = await run({ algorithm: 'sliding-window', limit, per }, program);
          for (const { at } of taken) expect(usedIn(taken, at - per, at)).toBeLessThanOrEqual(limit);
          const late = Math.ceil(per / 64);
          for (const { at, permits, allowed } of decisions) {
            if (!allowed) expect(usedIn(taken, at - per - late, at) + permits).toBeGreaterThan(limit);
          }
        },
      ),
    );
  });

  it('lets through what a bucket holds, and never refuses what it holds', async () => {
    const policy = fc.record({
      limit: fc.integer({ min: 1, max: 12 }),
      per: fc.integer({ min: 10, max: 300 }),
      burst: fc.integer({ min: 1, max: 6 }),
    });
    await fc.assert(
      fc.asyncProperty(policy, steps, async (own, all) => {
        const { decisions } = await run(own, all);
        let level: number = own.burst;
        let last = decisions[0]?.at ?? 0;
        for (const { at, permits, allowed } of decisions) {
          level = Math.min(own.burst, level + ((at - last) * own.limit) / own.per);
          last = at;
          if (Math.abs(level - permits) > 1e-4) expect(allowed).toBe(level > permits);
          if (allowed) level -= permits;
        }
      }),
    );
  });
});

describe('MemoryCache', () => {
  it('keeps within its entries; what was not used for the longest time goes first', async () => {
    const backend = new MemoryCache({ maxEntries: 3 });
    const cache = new Cache(backend);
    for (const key of ['a', 'b', 'c']) await cache.set(key, key);
    await cache.get('a');
    await cache.set('d', 'd');
    expect(await Promise.all(['a', 'b', 'c', 'd'].map((key) => cache.get(key)))).toEqual(['a', undefined, 'c', 'd']);
    expect(backend.size).toBe(3);
  });

  it('keeps within its bytes, and gives them back', async () => {
    const backend = new MemoryCache({ maxBytes: 10_000 });
    const cache = new Cache(backend);
    for (let index = 0; index < 100; index++) await cache.set(`${index}`, 'x'.repeat(400), { tags: ['t'] });
    expect(backend.bytes).toBeLessThanOrEqual(10_000);
    expect(backend.size).toBeGreaterThan(5);
    expect(await cache.get('99')).toHaveLength(400);
    await cache.set('99', 'x'.repeat(20_000));
    // Too large to be kept, and the old value is gone all the same.
    expect(await cache.get('99')).toBeUndefined();
    await cache.deleteTag('t');
    expect([backend.size, backend.bytes]).toEqual([0, 0]);
  });

  it('gives a value that it could not keep', async () => {
    class Full extends MemoryCache {
      override async write(): Promise<never> {
        throw new Error('full');
      }
    }
    expect(await new Cache(new Full()).getOrSet('k', {}, () => 7)).toBe(7);
    await expect(new Cache(new Full()).set('k', 7)).rejects.toThrow('full');
  });

  it('makes values anew while it cannot be read', async () => {
    class Away extends MemoryCache {
      override async read(): Promise<never> {
        throw new Error('away');
      }
    }
    const cache = new Cache(new Away());
    expect(await cache.getOrSet('k', {}, () => new Date(1))).toEqual(new Date(1));
    await expect(cache.get('k')).rejects.toThrow('away');
  });
});

describe('StoreLocks', () => {
  it('removes locks that nobody has used for a day, and never gives one of their tokens again', async () => {
    const clock = { time: 1_800_000_000_000, now: () => clock.time, monotonic: () => clock.time };
    const store = new MemoryStore({ clock });
    await store.open();
    const locks = new StoreLocks(store);
    const take = async (name: string): Promise<number> => {
      const answer = await locks.take({ name, owner: 'o', ttl: 1_000, queue: false });
      await locks.release(name, 'o');
      return answer.isGranted ? answer.token : 0;
    };
    for (let round = 1; round <= 5; round++) expect(await take('old')).toBe(round);
    clock.time += 80_000_000;
    expect(await take('young')).toBe(1);
    clock.time += 10_000_000;
    expect(await locks.sweep()).toBe(1);
    expect(await store.getRecord(LOCK_COLLECTION, 'old')).toBeUndefined();
    expect(await take('young')).toBe(2);
    expect(await take('old')).toBe(6);
    expect(await take('another')).toBeGreaterThan(5);
  });
});
