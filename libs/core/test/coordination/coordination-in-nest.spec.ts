import { Injectable, Module } from '@nestjs/common';
import {
  Cache,
  CATGA_COORDINATION,
  DistributedLock,
  IdempotencyStore,
  MemoryLocks,
  MemoryStore,
  RateLimiters,
  StoreCoordination,
  StoreLocks,
  type CatgaModuleOptions,
  type CoordinationPlace,
} from '@catga/core';
import { closeApps, startApp } from '../mediator/support/start-app.js';

/** Several applications may stand on it: it is closed by none. */
class SharedMemoryStore extends MemoryStore {
  override async close(): Promise<void> {}
}

@Injectable()
class Services {
  constructor(
    readonly locks: DistributedLock,
    readonly cache: Cache,
    readonly limiters: RateLimiters,
    readonly idempotency: IdempotencyStore,
  ) {}
}

async function start(options: CatgaModuleOptions = {}, place?: () => CoordinationPlace) {
  class PlaceModule {}
  const provider = { provide: CATGA_COORDINATION, useFactory: place ?? (() => undefined) };
  Module({ providers: [provider], exports: [CATGA_COORDINATION] })(PlaceModule);
  const imports = place === undefined ? [] : [{ module: PlaceModule, global: true }];
  const { app } = await startApp({ providers: [Services], imports, options: { endpoints: false, ...options } });
  return { app, services: app.get(Services) };
}

describe('coordination in an application', () => {
  afterEach(closeApps);

  it('is injected by its classes, without any option', async () => {
    const { locks, cache, limiters, idempotency } = (await start()).services;
    expect(await locks.withLock('x', {}, ({ token }) => token)).toBe(1);
    expect(await cache.getOrSet('k', {}, () => new Date(5))).toEqual(new Date(5));
    expect((await limiters.create('l', { limit: 1, per: '1h' }).tryAcquire('k')).allowed).toBe(true);
    expect(await idempotency.claim('i', undefined, 1_000)).toBeDefined();
  });

  it('stands on the store of the application, so that nodes share it', async () => {
    const store = new SharedMemoryStore();
    const coordination = { rateLimits: { mails: { limit: 2, per: '1h' } }, cache: { place: 'shared' } } as const;
    const [a, b] = [await start({ store, coordination }), await start({ store, coordination })];
    const lock = await a.services.locks.acquire('x');
    await expect(b.services.locks.acquire('x', { wait: 0 })).rejects.toMatchObject({ code: 'CATGA_LOCK_TIMEOUT' });
    await a.services.cache.set('k', 'shared');
    expect(await b.services.cache.get('k')).toBe('shared');
    for (const { services } of [a, b]) await services.limiters.get('mails').tryAcquire('k');
    expect((await a.services.limiters.get('mails').tryAcquire('k')).allowed).toBe(false);
    // What is held when a node shuts down is free at once.
    await a.app.close();
    expect((await b.services.locks.acquire('x', { wait: 0 })).token).toBe(lock.token + 1);
  });

  it('keeps the cache in the memory of the node while the store is the memory store, within its bounds', async () => {
    const store = new SharedMemoryStore();
    const coordination = { cache: { place: 'memory', maxEntries: 3 } } as const;
    const [a, b] = [await start({ store, coordination }), await start({ store })];
    for (const key of ['1', '2', '3', '4']) await a.services.cache.set(key, key);
    expect(await a.services.cache.get('1')).toBeUndefined();
    expect(await a.services.cache.get('2')).toBe('2');
    expect(await b.services.cache.get('2')).toBeUndefined();
  });

  it('writes cached values with the codec of the application', async () => {
    const store = new SharedMemoryStore();
    const codec = {
      name: 'marked',
      encode: (value: unknown) => `marked${JSON.stringify(value)}`,
      decode: (text: string | Uint8Array) => JSON.parse(String(text).slice(6)) as unknown,
    };
    const { cache } = (await start({ store, codec, coordination: { cache: { place: 'shared' } } })).services;
    await cache.set('k', 1);
    expect(String((await store.getRecord('catga.cache', 'k'))?.value)).toContain('marked1');
  });

  it('uses the place that a package brings, opens it and closes it', async () => {
    const calls: string[] = [];
    class Place extends StoreCoordination {
      override readonly locks = new MemoryLocks();
      override async open(): Promise<void> {
        calls.push('open');
      }
      override async close(): Promise<void> {
        calls.push('close');
      }
    }
    const store = new SharedMemoryStore();
    const { app, services } = await start({ store }, () => new Place(store));
    await services.locks.acquire('x');
    await new DistributedLock(new StoreLocks(store)).acquire('x', { wait: 0 });
    expect(calls).toEqual(['open']);
    await app.close();
    expect(calls).toEqual(['open', 'close']);
  });

  it('refuses two packages that bring a place', async () => {
    class One {}
    class Two {}
    const imports = [One, Two].map((module) => {
      const provider = { provide: CATGA_COORDINATION, useFactory: () => new StoreCoordination(new MemoryStore()) };
      Module({ providers: [provider], exports: [CATGA_COORDINATION] })(module);
      return { module, global: true };
    });
    await expect(startApp({ imports })).rejects.toMatchObject({ code: 'CATGA_COORDINATION_DUPLICATE' });
  });

  const wrong: [object, RegExp][] = [
    [{ loks: {} }, /"loks"/],
    [{ lock: { ttl: '1ms' } }, /from 50 ms to 24 h/],
    [{ lock: { ttl: '2s', signal: new AbortController().signal } }, /"signal"/],
    [{ cache: { ttl: 'long' } }, /cache.ttl/],
    [{ cache: { place: 'disk' } }, /'shared' or 'memory'/],
    [{ cache: { maxEntries: 5 } }, /to which maxEntries and maxBytes belong/],
    [{ cache: { place: 'memory', maxBytes: 0 } }, /a whole number from 1/],
    [{ rateLimits: { mails: { limit: 0, per: '1s' } } }, /rateLimits.mails: limit/],
    [{ rateLimits: { mails: { limit: 1, per: 0 } } }, /rateLimits.mails: per/],
    [{ rateLimits: { mails: { limit: 1, per: '1s', brust: 2 } } }, /Did you mean "burst"/],
    [{ rateLimits: { mails: { algorithm: 'sliding-window', limit: 1, per: '1s', burst: 2 } } }, /only with/],
  ];
  it.each(wrong)('does not start with %j', async (coordination, message) => {
    await expect(startApp({ options: { coordination } as CatgaModuleOptions })).rejects.toThrow(message);
  });

  it('names the rate limits that there are when one is asked for that there is not', async () => {
    const { limiters } = (await start({ coordination: { rateLimits: { mails: { limit: 1, per: '1s' } } } })).services;
    expect(() => limiters.get('mail')).toThrow(/Did you mean "mails"/);
    expect(() => limiters.create('mails', { limit: 2, per: '1s' })).toThrow(/two policies/);
    expect(limiters.create('mails', { limit: 1, per: 1_000 })).toBe(limiters.get('mails'));
  });
});
