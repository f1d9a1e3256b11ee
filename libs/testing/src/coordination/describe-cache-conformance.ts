import assert from 'node:assert/strict';
import { Cache, type CacheBackend } from '@catga/core';
import { cacheLoadTests } from './cache-loads.js';
import {
  describeParts,
  eventually,
  sleep,
  type CoordinationConformanceOptions,
  type CoordinationSuite,
} from './suite.js';

/** What the suite has to know about the cache under test. */
export interface CacheConformanceOptions extends CoordinationConformanceOptions<CacheBackend> {
  /** Whether two nodes never make the same value at once: the backend has `flights`. Default false. */
  readonly flights?: boolean;
}

/**
 * The contract of `CacheBackend` as tests, with `Cache` on it. Give every test 30 s.
 *
 * @example
 * ```ts
 * describeCacheConformance({ name: 'MyCache', nodes: async (count) => myCaches(count), flights: true });
 * ```
 */
export function describeCacheConformance(options: CacheConformanceOptions): void {
  describeParts('CacheBackend', options, {
    'when it keeps values': valueTests,
    'when values end': endTests,
    'when values are made': (suite) => cacheLoadTests(suite, options.flights ?? false),
  });
}

function valueTests({ it, one, two }: CoordinationSuite<CacheBackend>): void {
  it('gives back what was set, on both nodes, as a copy', async () => {
    const [a, b] = (await two()).map((backend) => new Cache(backend)) as [Cache, Cache];
    assert.equal(await b.get('k'), undefined);
    const value = { at: new Date(5), parts: new Map([['a', 1n]]), none: null, text: 'ä\ud800\n', nan: Number.NaN };
    await a.set('k', value);
    value.parts.set('b', 2n);
    assert.deepEqual(await b.get('k'), { ...value, parts: new Map([['a', 1n]]) });
    const copy = await b.get<{ text: string }>('k');
    (copy as { text: string }).text = 'changed';
    assert.equal((await b.get<{ text: string }>('k'))?.text, value.text);
    await b.set('k', false);
    assert.equal(await a.get('k'), false);
    for (const empty of [null, '', 0]) {
      await a.set('k', empty);
      assert.equal(await a.get('k'), empty);
    }
  });

  it('keeps bytes of a codec that writes bytes', async () => {
    const codec = {
      name: 'bytes',
      encode: (value: unknown) => Buffer.from(JSON.stringify(value)).reverse(),
      decode: (payload: string | Uint8Array) =>
        JSON.parse(
          Buffer.from(payload as Uint8Array)
            .reverse()
            .toString(),
        ) as unknown,
    };
    const cache = new Cache(await one(), { codec });
    await cache.set('k', ['ä', 1]);
    assert.deepEqual(await cache.get('k'), ['ä', 1]);
  });

  it('keeps keys apart that look alike', async () => {
    const cache = new Cache(await one());
    const keys = ['a', 'A', 'a:b', 'a|b', 'a b', 'ä', '{a}', '*', 'a\nb', '名前', 'x'.repeat(300)];
    for (const key of keys) await cache.set(key, key);
    for (const key of keys) assert.equal(await cache.get(key), key);
  });

  it('refuses a value that means that there is none, and options that do not exist', async () => {
    const cache = new Cache(await one());
    await assert.rejects(cache.set('k', undefined), { code: 'CATGA_INVALID_OPTION' });
    await assert.rejects(cache.set('k', 1, { ttll: 5 } as object), { code: 'CATGA_UNKNOWN_OPTION' });
    await assert.rejects(cache.set('k', 1, { ttl: 'soon' as '1s' }), { code: 'CATGA_INVALID_DURATION' });
    await assert.rejects(
      cache.set('k', () => 1),
      { code: 'CATGA_UNENCODABLE_VALUE' },
    );
    assert.equal(await cache.get('k'), undefined);
  });
}

function endTests({ it, two, one }: CoordinationSuite<CacheBackend>): void {
  it('forgets after the ttl', async () => {
    const [a, b] = (await two()).map((backend) => new Cache(backend)) as [Cache, Cache];
    await a.set('short', 1, { ttl: 200 });
    await a.set('long', 1, { ttl: '1h' });
    await eventually(async () => (await b.get('short')) === undefined);
    assert.equal(await b.get('long'), 1);
  });

  it('forgets what is deleted, and says whether there was something', async () => {
    const [a, b] = (await two()).map((backend) => new Cache(backend)) as [Cache, Cache];
    await a.set('k', 1);
    assert.equal(await b.delete('k'), true);
    assert.equal(await a.get('k'), undefined);
    assert.equal(await a.delete('k'), false);
  });

  it('forgets everything with a tag, and nothing else', async () => {
    const [a, b] = (await two()).map((backend) => new Cache(backend)) as [Cache, Cache];
    for (let index = 0; index < 300; index++) await a.set(`red ${index}`, index, { tags: ['red', 'all'] });
    await a.set('blue', 1, { tags: ['blue', 'all'] });
    await a.set('none', 1);
    await b.deleteTag('red');
    for (let index = 0; index < 300; index += 50) assert.equal(await a.get(`red ${index}`), undefined);
    assert.deepEqual([await a.get('blue'), await a.get('none')], [1, 1]);
    await a.set('red 1', 'new', { tags: ['red'] });
    assert.equal(await b.get('red 1'), 'new');
    assert.equal(await b.get('red 2'), undefined);
    // Its tags are those of the last time it was set.
    await a.set('blue', 2, { tags: ['green'] });
    await b.deleteTag('all');
    assert.equal(await a.get('blue'), 2);
  });

  it('remembers that there is nothing only when told to', async () => {
    const cache = new Cache(await one());
    let calls = 0;
    const nothing = (): undefined => void calls++;
    await cache.getOrSet('k', {}, nothing);
    await cache.getOrSet('k', {}, nothing);
    assert.equal(calls, 2);
    const options = { negativeTtl: 300 };
    await cache.getOrSet('k', options, nothing);
    assert.equal(await cache.getOrSet('k', options, nothing), undefined);
    assert.equal(calls, 3);
    await sleep(310);
    await cache.getOrSet('k', options, nothing);
    assert.equal(calls, 4);
  });
}
