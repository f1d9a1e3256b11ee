import {
  CATGA_COORDINATION,
  CatgaModule,
  DistributedLock,
  Event,
  EventDelivery,
  MessageBus,
  Store,
  Transport,
  type CatgaError,
} from '@catga/core';
import { CatgaRedisModule, RedisTransport } from '@catga/redis';
import { Logger, Module, type DynamicModule, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { startRedis, type ServerHandle } from '../../../tools/servers/index.mjs';

@Event('module.noted')
@EventDelivery({ qos: 1 })
class Noted {
  constructor(readonly text: string) {}
}

describe('CatgaRedisModule', () => {
  let server: ServerHandle;
  let names = 0;
  const apps: INestApplicationContext[] = [];
  const lines: string[] = [];
  beforeAll(async () => {
    server = await startRedis({ appendfsync: 'always' });
  });
  beforeEach(() => {
    lines.length = 0;
  });
  afterEach(async () => {
    await Promise.all(apps.splice(0).map((app) => app.close()));
  });
  afterAll(async () => {
    await server.stop();
    Logger.overrideLogger(['log', 'warn', 'error']);
  });

  const note =
    (level: string) =>
    (text: unknown, context: unknown): void =>
      void lines.push(`${level} [${String(context)}] ${String(text)}`);

  async function start(...imports: DynamicModule[]): Promise<INestApplicationContext> {
    class AppModule {}
    Module({ imports: [...imports, CatgaModule.forRoot({ endpoints: false })] })(AppModule);
    const app = await NestFactory.createApplicationContext(AppModule, {
      logger: { log: note('log'), warn: note('warn'), error: note('error') },
      abortOnError: false,
    });
    apps.push(app);
    return app;
  }
  const where = () => ({ url: server.url, name: `module-${++names}` });

  /** What is kept in Redis. */
  async function partsOf(app: INestApplicationContext): Promise<string[]> {
    const { name } = app.get(Transport).capabilities;
    const lock = await app.get(DistributedLock).acquire('l');
    await lock.release();
    let hasCoordination = true;
    try {
      app.get<unknown>(CATGA_COORDINATION, { strict: false });
    } catch {
      hasCoordination = false;
    }
    return [
      ...(app.get(Store).capabilities.name === 'redis' ? ['store'] : []),
      ...(name === 'redis' ? ['transport'] : []),
      ...(hasCoordination ? ['coordination'] : []),
    ];
  }

  it.each([
    [{}, ['store', 'transport', 'coordination']],
    [{ transport: false }, ['store', 'coordination']],
    [{ store: false }, ['transport', 'coordination']],
    [{ coordination: false }, ['store', 'transport']],
    [{ store: false, coordination: false }, ['transport']],
    [{ store: false, transport: false, coordination: false }, []],
  ])('with %j leaves to the application what it is told to, given at once or by a factory', async (extras, parts) => {
    expect(await partsOf(await start(CatgaRedisModule.forRoot({ ...where(), ...extras })))).toEqual(parts);
    const factory = CatgaRedisModule.forRootAsync({ ...extras, useFactory: where });
    expect(await partsOf(await start(factory))).toEqual(parts);
  });

  it('may be imported twice for different parts, each on a server of its own', async () => {
    const other = await startRedis({ appendfsync: 'always' });
    const app = await start(
      CatgaRedisModule.forRoot({ ...where(), transport: false }),
      CatgaRedisModule.forRoot({ url: other.url, name: 'messages', store: false, coordination: false }),
    );
    expect(await partsOf(app)).toEqual(['store', 'transport', 'coordination']);
    expect((app.get(Transport) as RedisTransport).name).toBe('messages');
    await apps.pop()?.close();
    await other.stop();
  });

  it.each([
    [{}, 'CATGA_STORE_DUPLICATE'],
    [{ store: false }, 'CATGA_TRANSPORT_DUPLICATE'],
    [{ store: false, transport: false }, 'CATGA_COORDINATION_DUPLICATE'],
  ])('imported twice for the same part fails at boot: the second one with %j', async (extras, code) => {
    const [first, second] = [CatgaRedisModule.forRoot(where()), CatgaRedisModule.forRoot({ ...where(), ...extras })];
    await expect(start(first, second)).rejects.toMatchObject({
      code,
      message: expect.stringContaining('CatgaRedisModule, CatgaRedisModule'),
    });
  });

  it.each([
    [{ urll: 'redis://localhost' }, 'CATGA_UNKNOWN_OPTION', /CatgaRedisModule\.forRoot\b.*url/],
    [{ url: 'localhost' }, 'CATGA_INVALID_OPTION', 'CatgaRedisModule.forRoot({ url })'],
    [{ name: 'a b' }, 'CATGA_INVALID_OPTION', 'CatgaRedisModule.forRoot({ name })'],
    [{ partitions: 0 }, 'CATGA_INVALID_OPTION', 'CatgaRedisModule.forRoot({ partitions })'],
    [{ maxCommitSize: -1 }, 'CATGA_INVALID_OPTION', 'CatgaRedisModule.forRoot({ maxCommitSize })'],
    [{ commandTimeout: 'soon' }, 'CATGA_INVALID_DURATION', 'CatgaRedisModule.forRoot({ commandTimeout })'],
    [{ transport: 'no' }, 'CATGA_INVALID_OPTION', 'CatgaRedisModule.forRoot({ transport })'],
  ])('refuses %j, and names the option as it was written', async (options, code, text) => {
    const wrong = options as object;
    const matches = (pattern: string | RegExp) =>
      expect.objectContaining({
        code,
        message: typeof pattern === 'string' ? expect.stringContaining(pattern) : expect.stringMatching(pattern),
      }) as Error;
    expect(() => CatgaRedisModule.forRoot(wrong)).toThrow(matches(text));
    if ('transport' in wrong) return;
    const later =
      typeof text === 'string' ? text.replace('forRoot', 'forRootAsync') : /CatgaRedisModule\.forRootAsync\b/;
    await expect(start(CatgaRedisModule.forRootAsync({ useFactory: () => wrong }))).rejects.toThrow(matches(later));
  });

  it('logs once that the server is away and once that it is back, for all its parts, in its own words', async () => {
    const app = await start(CatgaRedisModule.forRoot({ ...where(), commandTimeout: '300ms' }));
    await app.get(MessageBus).publish(new Noted('before'));
    await server.kill9();
    const isAway = (): boolean => lines.some((line) => line.includes('is away'));
    for (let tries = 0; !isAway() && tries < 200; tries++) await new Promise((resolve) => setTimeout(resolve, 10));
    const failures: CatgaError[] = [];
    const keep = (error: CatgaError): void => void failures.push(error);
    // The first at once, the second when the client has tried to connect in vain.
    for (let tries = 0; tries < 2; tries++) {
      await Promise.resolve(app.get(Store).commit({ records: [] })).catch(keep);
      await app.get(Store).getRecord('c', 'k').catch(keep);
      await app.get(MessageBus).publish(new Noted('away')).catch(keep);
      await app.get(DistributedLock).acquire('l').catch(keep);
    }
    await server.restart();
    for (let tries = 0; tries < 200; tries++) {
      const isBack = await app
        .get(MessageBus)
        .publish(new Noted('after'))
        .then(
          () => true,
          () => false,
        );
      if (isBack) break;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const about = new RegExp(`Redis at 127\\.0\\.0\\.1:${server.port}`);
    expect(lines.filter((line) => /is (away|back)/.test(line))).toEqual([
      expect.stringMatching(/^warn \[Redis\] Redis at \S+ is away: /),
      expect.stringMatching(/^log \[Redis\] Redis at \S+ is back after \d+\.\d s\.$/),
    ]);
    expect(failures).toHaveLength(8);
    for (const { message } of failures) {
      expect(message).toMatch(about);
      expect(message).not.toMatch(/enableOfflineQueue|maxRetriesPerRequest|Connection is closed|\.\./);
      // The server was away all the time, and nobody was under way when it went.
      expect(message).toMatch(
        /Nothing of this was written|nothing was done|Nothing was sent|tried again with the next call/,
      );
      expect(message).not.toMatch(/not known|may have been/);
    }
  });

  it('says that the server is full and has stored nothing, keeps what it has, and goes on when there is room', async () => {
    const small = await startRedis({ args: ['--maxmemory', '6mb', '--maxmemory-policy', 'noeviction'] });
    const transport = new RedisTransport({ url: small.url, retain: 0 });
    await transport.open();
    await (await transport.subscribe({ name: 'slow', subjects: ['s'] }, () => undefined)).stop();
    const body = 'x'.repeat(50_000);
    const stored: string[] = [];
    let failure: CatgaError | undefined;
    for (let n = 0; failure === undefined && n < 500; n++) {
      await transport.publish([{ id: `m${n}`, subject: 's', body }], { qos: 2 }).then(
        () => void stored.push(`m${n}`),
        (error: CatgaError) => void (failure = error),
      );
    }
    expect(failure).toMatchObject({ code: 'CATGA_TRANSPORT_FULL', kind: 'infrastructure' });
    expect(failure?.message).toContain('Nothing was stored');
    expect(stored.length).toBeGreaterThan(10);
    // The same id again is no duplicate of one that was refused.
    const refused = `m${stored.length}`;
    const got: string[] = [];
    const consumer = await transport.subscribe({ name: 'slow', subjects: ['s'] }, ({ id }) => void got.push(id));
    const all = async (count: number): Promise<void> => {
      for (let tries = 0; got.length < count && tries < 500; tries++)
        await new Promise((resolve) => setTimeout(resolve, 10));
    };
    await all(stored.length);
    expect([...got].sort()).toEqual([...stored].sort());
    await transport.publish([{ id: refused, subject: 's', body }], { qos: 2 });
    await all(stored.length + 1);
    expect(got.at(-1)).toBe(refused);
    expect(got).toHaveLength(stored.length + 1);
    await consumer.stop();
    await transport.close();
    await small.stop();
  });
});
