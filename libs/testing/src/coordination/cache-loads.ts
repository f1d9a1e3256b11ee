import assert from 'node:assert/strict';
import { Cache, type CacheBackend } from '@catga/core';
import { eventually, sleep, type CoordinationSuite } from './suite.js';

/** A factory that ends when it is told to. */
function gate(): { readonly passed: Promise<void>; open(): void } {
  let open = (): void => {};
  const passed = new Promise<void>((resolve) => (open = resolve));
  return { passed, open };
}

/** Making values, with many who want them at once. */
export function cacheLoadTests({ it, one, two }: CoordinationSuite<CacheBackend>, flights: boolean): void {
  it('makes a value once for all who ask on a node, and keeps it', async () => {
    const cache = new Cache(await one());
    let calls = 0;
    const make = async (): Promise<{ call: number }> => {
      await sleep(30);
      return { call: ++calls };
    };
    const values = await Promise.all(Array.from({ length: 20 }, () => cache.getOrSet('k', {}, make)));
    assert.deepEqual(values, Array(20).fill({ call: 1 }));
    assert.notEqual(values[0], values[1]);
    assert.deepEqual(await cache.getOrSet('k', {}, make), { call: 1 });
    assert.deepEqual(await cache.get('k'), { call: 1 });
  });

  if (flights) {
    it('makes a value once for two nodes', async () => {
      const caches = (await two()).map((backend) => new Cache(backend));
      let calls = 0;
      const make = async (): Promise<number> => {
        await sleep(100);
        return ++calls;
      };
      const values = Array.from({ length: 10 }, (_, index) => (caches[index % 2] as Cache).getOrSet('k', {}, make));
      assert.deepEqual(await Promise.all(values), Array(10).fill(1));
    });

    it('lets another node try when a factory has failed, without a wait for its lease', async () => {
      const [a, b] = (await two()).map((backend) => new Cache(backend)) as [Cache, Cache];
      const slow = gate();
      const failing = a.getOrSet('k', {}, () => slow.passed.then(() => Promise.reject(new Error('no'))));
      const failed = assert.rejects(failing, /no/);
      await sleep(50);
      const other = b.getOrSet('k', {}, () => 'b');
      await sleep(50);
      slow.open();
      await failed;
      assert.equal(await other, 'b');
    });

    it('does not keep what was being made when another node removed the key, or a tag', async () => {
      const removals = [(cache: Cache) => cache.delete('k'), (cache: Cache) => cache.deleteTag('t')];
      for (const remove of removals) {
        const [a, b] = (await two()).map((backend) => new Cache(backend)) as [Cache, Cache];
        const slow = gate();
        const options = { tags: ['t'] };
        const made = a.getOrSet('k', options, () => slow.passed.then(() => 'old'));
        await sleep(50);
        await remove(b);
        slow.open();
        assert.equal(await made, 'old');
        assert.equal(await b.get('k'), undefined);
        assert.equal(await b.getOrSet('k', options, () => 'new'), 'new');
      }
    });
  }

  it('gives the error of the factory to all who wait, and keeps nothing', async () => {
    const cache = new Cache(await one());
    const failure = new Error('of the factory');
    let calls = 0;
    const fail = async (): Promise<never> => {
      calls++;
      await sleep(20);
      throw failure;
    };
    const all = [1, 2, 3].map(() => cache.getOrSet('k', {}, fail));
    for (const each of all) await assert.rejects(each, (error) => error === failure);
    assert.equal(calls, 1);
    assert.equal(await cache.getOrSet('k', {}, () => 'fine'), 'fine');
    await assert.rejects(
      cache.getOrSet('other', {}, () => () => 1),
      { code: 'CATGA_UNENCODABLE_VALUE' },
    );
  });

  it('does not keep what was being made when the key was deleted or set, or a tag removed', async () => {
    const changes: ((cache: Cache) => Promise<unknown>)[] = [
      (cache) => cache.delete('k'),
      (cache) => cache.deleteTag('t'),
      (cache) => cache.set('k', 'set', { tags: ['t'] }),
    ];
    for (const change of changes) {
      const cache = new Cache(await one());
      const begun = gate();
      const slow = gate();
      const made = cache.getOrSet('k', { tags: ['t'] }, () => {
        begun.open();
        return slow.passed.then(() => 'old');
      });
      await begun.passed;
      await change(cache);
      slow.open();
      assert.equal(await made, 'old');
      assert.notEqual(await cache.get('k'), 'old');
    }
  });

  it('gives the old value at once while it makes a new one, and again when that fails', async () => {
    const cache = new Cache(await one());
    const options = { ttl: 150, staleWhileRevalidate: '1h' } as const;
    await cache.getOrSet('k', options, () => 'old');
    await sleep(160);
    // Nobody makes a new one for a plain get.
    assert.equal(await cache.get('k'), undefined);
    let failures = 0;
    const failing = (): never => {
      failures++;
      throw new Error('later');
    };
    assert.equal(await cache.getOrSet('k', options, failing), 'old');
    await eventually(() => failures === 1);
    await sleep(30);
    const slow = gate();
    const renew = (): Promise<string> => slow.passed.then(() => 'new');
    assert.equal(await cache.getOrSet('k', { ...options, ttl: '1h' }, renew), 'old');
    assert.equal(await cache.getOrSet('k', { ...options, ttl: '1h' }, renew), 'old');
    slow.open();
    await eventually(async () => (await cache.get('k')) === 'new');
    assert.equal(cache.counts.stale, 3);
    assert.equal(cache.counts.loads, 3);
    assert.equal(cache.counts.failures, 1);
  });
}
