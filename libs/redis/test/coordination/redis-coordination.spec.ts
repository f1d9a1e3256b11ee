import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Cache, CatgaModule, DistributedLock, IdempotencyStore, RateLimiters } from '@catga/core';
import { CatgaRedisModule, RedisCoordination, type RedisCoordinationOptions } from '@catga/redis';
import { Redis } from 'ioredis';
import { setTimeout as sleep } from 'node:timers/promises';
import { startProxy, startRedis, startRedisCluster, type ServerHandle } from '../../../../tools/servers/index.mjs';

describe('RedisCoordination', () => {
  let server: ServerHandle;
  let names = 0;
  const opened: { close(): Promise<unknown> }[] = [];
  beforeAll(async () => {
    server = await startRedis({ appendfsync: 'everysec' });
  });
  afterAll(() => server.stop());
  afterEach(async () => {
    for (const each of opened.splice(0).reverse()) await each.close();
  });

  async function open(options: RedisCoordinationOptions = {}): Promise<RedisCoordination> {
    const coordination = new RedisCoordination({ url: server.url, name: `c-${names}`, ...options });
    await coordination.open();
    opened.push(coordination);
    return coordination;
  }
  const redis = async <T>(use: (client: Redis) => Promise<T>): Promise<T> => {
    const client = new Redis(server.url);
    try {
      return await use(client);
    } finally {
      client.disconnect();
    }
  };
  beforeEach(() => {
    names++;
  });

  it('gives higher tokens after the server has forgotten everything, and after kill -9', async () => {
    const locks = new DistributedLock((await open()).locks);
    const tokens: number[] = [];
    const take = async (): Promise<number> => tokens.push(await locks.withLock('x', {}, ({ token }) => token));
    for (let round = 0; round < 200; round++) await take();
    await redis((client) => client.flushall());
    await take();
    await server.kill9();
    await server.restart();
    await take();
    expect(tokens).toEqual([...new Set(tokens)].sort((a, b) => a - b));
  });

  it('wakes up those who wait although the message of the release was lost with the connection', async () => {
    const proxy = await startProxy(server);
    opened.push({ close: () => proxy.stop() });
    const waiting = new DistributedLock((await open({ url: proxy.url(server.url) })).locks);
    const holder = new DistributedLock((await open()).locks);
    const held = await holder.acquire('x', { ttl: '10m' });
    const next = waiting.acquire('x', { ttl: '10m', wait: 'forever' });
    await sleep(100);
    await proxy.cut();
    await held.release();
    await sleep(50);
    await proxy.heal();
    expect((await next).token).toBeGreaterThan(held.token);
  });

  it('tells a holder in time that it cannot reach the server, and everybody else with a code', async () => {
    const proxy = await startProxy(server);
    opened.push({ close: () => proxy.stop() });
    const coordination = await open({ url: proxy.url(server.url), commandTimeout: '300ms' });
    const held = await new DistributedLock(coordination.locks).acquire('x', { ttl: 600 });
    proxy.stall();
    const away = { code: 'CATGA_REDIS_UNAVAILABLE', kind: 'infrastructure' };
    const limiter = new RateLimiters(coordination.rateLimits).create('l', { limit: 1, per: '1h' });
    await expect(limiter.tryAcquire('k')).rejects.toMatchObject(away);
    if (!held.signal.aborted) await new Promise((resolve) => held.signal.addEventListener('abort', resolve));
    expect(held.signal.reason).toMatchObject({ code: 'CATGA_LOCK_LOST' });
    proxy.resume();
    const locks = new DistributedLock((await open()).locks);
    expect((await locks.acquire('x', { wait: '10s' })).token).toBeGreaterThan(held.token);
  });

  it('says what the server refuses', async () => {
    const coordination = await open();
    await redis((client) => client.set(`{c-${names}}:coordination:lock:x`, 'not ours'));
    await expect(new DistributedLock(coordination.locks).acquire('x')).rejects.toMatchObject({
      code: 'CATGA_REDIS_COORDINATION',
    });
    await coordination.close();
    await expect(coordination.cache.read('k')).rejects.toMatchObject({ code: 'CATGA_REDIS_CLOSED' });
    await coordination.open();
    await coordination.cache.read('k');
  });

  it('leaves no key for ever but the one of the last token', async () => {
    const coordination = await open();
    const locks = new DistributedLock(coordination.locks);
    const held = await locks.acquire('held');
    await expect(locks.acquire('held', { wait: 20 })).rejects.toThrow();
    const other = await open();
    await expect(new DistributedLock(other.locks).acquire('held', { wait: 20 })).rejects.toThrow();
    await locks.withLock('done', {}, () => 1);
    await other.locks.take({ name: 'held', owner: 'dead', ttl: 1_000, queue: true });
    const limiters = new RateLimiters(coordination.rateLimits);
    await limiters.create('bucket', { limit: 2, per: '1m' }).tryAcquire('k');
    await limiters.create('window', { algorithm: 'sliding-window', limit: 2, per: '1m' }).tryAcquire('k');
    const cache = new Cache(coordination.cache);
    await cache.set('k', 1, { tags: ['t'] });
    await cache.getOrSet('l', { tags: ['t', 'u'], staleWhileRevalidate: '1m' }, () => 1);
    const claim = await coordination.idempotency.claim('i', 'f', 1_000);
    await coordination.idempotency.complete(claim as never, { status: 'done', answer: 'x' }, 60_000);
    await coordination.idempotency.claim('j', undefined, 1_000);
    const keys = await redis(async (client) => {
      const all = await client.keys(`{c-${names}}:*`);
      return Promise.all(all.map(async (key) => [key, await client.pttl(key)] as const));
    });
    expect(keys.length).toBeGreaterThan(8);
    expect(keys.filter(([, left]) => left < 0).map(([key]) => key)).toEqual([`{c-${names}}:coordination:lock-token`]);
    await held.release();
  });

  it('works in a cluster', async () => {
    const cluster = await startRedisCluster(3);
    opened.push({ close: () => cluster.stop() });
    const nodes = cluster.nodes.map(({ port }) => ({ host: '127.0.0.1', port }));
    const coordination = new RedisCoordination({ cluster: nodes, name: 'clustered' });
    await coordination.open();
    opened.push(coordination);
    const locks = new DistributedLock(coordination.locks);
    const held = await locks.acquire('x', { ttl: '10m' });
    const other = new RedisCoordination({ cluster: [...nodes].reverse(), name: 'clustered' });
    await other.open();
    opened.push(other);
    const next = new DistributedLock(other.locks).acquire('x', { ttl: '10m', wait: 'forever' });
    await sleep(100);
    await held.release();
    expect((await next).token).toBeGreaterThan(held.token);
    const cache = new Cache(coordination.cache);
    expect(await cache.getOrSet('k', { tags: ['t'] }, () => 1)).toBe(1);
    await cache.deleteTag('t');
    expect(await new Cache(other.cache).get('k')).toBeUndefined();
    const limiter = new RateLimiters(other.rateLimits).create('l', { limit: 1, per: '1h' });
    expect((await limiter.tryAcquire('k')).allowed).toBe(true);
    expect(await coordination.idempotency.claim('i', undefined, 1_000)).toBeDefined();
  });

  describe('in an application', () => {
    async function start(extras: { coordination?: boolean }) {
      class AppModule {}
      const redisModule = CatgaRedisModule.forRoot({
        url: server.url,
        name: `c-${names}`,
        transport: false,
        ...extras,
      });
      Module({ imports: [redisModule, CatgaModule.forRoot({ endpoints: false })] })(AppModule);
      const app = await NestFactory.createApplicationContext(AppModule, { logger: false, abortOnError: false });
      opened.push(app);
      return app;
    }
    const keys = (): Promise<string[]> => redis((client) => client.keys(`{c-${names}}:coordination:*`));

    it('takes the place of the records of the store', async () => {
      const app = await start({});
      await app.get(DistributedLock).acquire('x');
      await app.get(Cache).set('k', 1);
      await app.get(RateLimiters).create('l', { limit: 1, per: '1h' }).tryAcquire('k');
      await app.get(IdempotencyStore).claim('i', undefined, 60_000);
      const kinds = (await keys()).map((key) => key.split(':')[2]);
      expect(new Set(kinds)).toEqual(new Set(['bucket', 'cache', 'intent', 'lock', 'lock-token']));
    });

    it('leaves them there when it is told to', async () => {
      const app = await start({ coordination: false });
      await app.get(DistributedLock).acquire('x');
      await app.get(Cache).set('k', 1);
      expect(await app.get(Cache).get('k')).toBe(1);
      expect(await keys()).toEqual([]);
    });
  });
});
