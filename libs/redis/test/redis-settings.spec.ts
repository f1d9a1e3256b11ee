import { CatgaModule, Store, type CommitBatch } from '@catga/core';
import { CatgaRedisModule, RedisStore, type RedisStoreOptions } from '@catga/redis';
import { Module, type DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Redis } from 'ioredis';
import { freePort, startRedis, type ServerHandle } from '../../../tools/servers/index.mjs';

const batch: CommitBatch = { appends: [{ stream: 's', expectedVersion: 'any', events: [{ type: 'e', data: '1' }] }] };

describe('A RedisStore at boot', () => {
  let server: ServerHandle;
  let names = 0;
  const opened: RedisStore[] = [];
  beforeAll(async () => {
    server = await startRedis({ appendfsync: 'always' });
  });
  afterAll(() => server.stop());
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((store) => store.close()));
  });

  async function open(options: RedisStoreOptions = {}): Promise<RedisStore> {
    const store = new RedisStore({ url: server.url, name: `boot-${++names}`, ...options });
    await store.open();
    opened.push(store);
    return store;
  }
  const codes = (store: RedisStore): string[] => store.warnings().map(({ code }) => code);

  it('has nothing to warn of when the server keeps everything, and is strict without complaint', async () => {
    const store = await open({ strict: true });
    expect(store.warnings()).toEqual([]);
    expect(store.capabilities.durable).toBe(true);
  });

  describe('on a server with other settings', () => {
    let other: ServerHandle;
    afterEach(() => other.stop());

    for (const [what, code, args, durable] of [
      [
        'may throw away data',
        'redis-maxmemory-policy',
        ['--appendfsync', 'always', '--maxmemory-policy', 'allkeys-lru'],
        true,
      ],
      ['keeps no log', 'redis-appendonly', ['--appendonly', 'no'], false],
      ['writes its log once a second', 'redis-appendfsync', ['--appendfsync', 'everysec'], true],
      ['does not tell its settings', 'redis-settings-unknown', ['--rename-command', 'CONFIG', ''], true],
    ] as const) {
      it(`warns of one that ${what}, and refuses it when it is strict`, async () => {
        other = await startRedis({ args });
        const store = await open({ url: other.url });
        expect(codes(store)).toEqual([code]);
        expect(store.capabilities.durable).toBe(durable);
        await store.commit(batch);
        await expect(open({ url: other.url, strict: true })).rejects.toMatchObject({
          code: 'CATGA_STORE_UNSAFE_SETTINGS',
          message: expect.stringContaining(store.warnings()[0]?.message as string),
        });
      });
    }

    it('refuses a replica, which takes no commits', async () => {
      other = await startRedis({ args: ['--replicaof', '127.0.0.1', String(server.port)] });
      await expect(open({ url: other.url })).rejects.toMatchObject({ code: 'CATGA_STORE_READ_ONLY' });
    });

    it('says that the password is wrong, and not that the server is away', async () => {
      other = await startRedis({ args: ['--requirepass', 'right'] });
      for (const password of ['wrong', undefined]) {
        const options = password === undefined ? {} : { password };
        await expect(open({ url: other.url, ...options })).rejects.toMatchObject({ code: 'CATGA_REDIS_AUTH' });
      }
      await (await open({ url: other.url, password: 'right' })).commit(batch);
    });
  });

  it('says that nobody answers', async () => {
    const url = `redis://127.0.0.1:${await freePort()}`;
    await expect(open({ url, commandTimeout: '200ms' })).rejects.toMatchObject({
      code: 'CATGA_STORE_CONNECTION',
      message: expect.stringContaining(new URL(url).host),
    });
  });

  it('refuses a store that a newer release has written, and changes nothing', async () => {
    const store = await open();
    await store.commit(batch);
    await store.close();
    const client = new Redis(server.url);
    const head = `{${store.name}}:head`;
    await client.hset(head, 'schema', 99);
    const before = await client.hgetall(head);
    await expect(store.open()).rejects.toMatchObject({ code: 'CATGA_STORE_NEWER_SCHEMA' });
    expect(await client.hgetall(head)).toEqual(before);
    client.disconnect();
  });

  it.each([
    { urll: 'redis://localhost' },
    { url: 'nonsense' },
    { name: 'a{b' },
    { commandTimeout: 'soon' },
    { port: 123_456 },
    { cluster: [] },
  ])('refuses the options %j', (options) => {
    expect(() => new RedisStore(options as RedisStoreOptions)).toThrow(
      expect.objectContaining({ kind: 'configuration' }),
    );
    expect(() => CatgaRedisModule.forRoot({ url: 'redis://localhost', sorte: false } as RedisStoreOptions)).toThrow(
      expect.objectContaining({ code: 'CATGA_UNKNOWN_OPTION' }),
    );
  });

  it('keeps two stores of one server apart', async () => {
    const [a, b] = [await open(), await open()];
    await a.commit(batch);
    expect((await b.readAll()).events).toEqual([]);
    expect((await b.commit(batch)).position).toBe(1);
  });

  describe('as a module', () => {
    async function storeOf(redis: DynamicModule): Promise<string> {
      class AppModule {}
      Module({ imports: [redis, CatgaModule.forRoot({ endpoints: false })] })(AppModule);
      const app = await NestFactory.createApplicationContext(AppModule, { logger: false });
      const store = app.get(Store);
      await store.commit(batch);
      const { name } = store.capabilities;
      await app.close();
      if (name === 'redis') await expect(store.commit(batch)).rejects.toMatchObject({ code: 'CATGA_STORE_CLOSED' });
      return name;
    }
    const options = () => ({ url: server.url, name: `module-${++names}` });

    it('is the store of the application, opened and closed with it', async () => {
      expect(await storeOf(CatgaRedisModule.forRoot(options()))).toBe('redis');
      expect(await storeOf(CatgaRedisModule.forRootAsync({ useFactory: options }))).toBe('redis');
    });

    it('leaves the store alone when told so', async () => {
      expect(await storeOf(CatgaRedisModule.forRoot({ ...options(), store: false }))).toBe('memory');
      expect(await storeOf(CatgaRedisModule.forRootAsync({ store: false, useFactory: options }))).toBe('memory');
    });
  });
});
