import { Injectable, Module, type DynamicModule, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import {
  CATGA_STORE,
  CatgaModule,
  Command,
  CommandHandler,
  EventHandler,
  HandlerRegistry,
  Mediator,
  MemoryStore,
  Query,
  QueryHandler,
  Store,
  type CatgaModuleOptions,
  type HandlerContext,
  type StoreCapabilities,
} from '@catga/core';
import { closeApps, deferred, isPending, logs, startApp, startModule, turn } from './support/start-app.js';

class Ping extends Command<string> {}
class Ask extends Query<string> {}
class Happened {}
@CommandHandler(Ping)
class PingHandler {
  async execute() {
    return 'pong';
  }
}
@QueryHandler(Ask)
class AskHandler {
  async execute() {
    return 'answer';
  }
}
@EventHandler(Happened)
class HappenedHandler {
  handle() {}
}

const calls: string[] = [];
class FakeStore extends MemoryStore {
  override readonly capabilities: StoreCapabilities = {
    name: 'fake',
    durable: true,
    shared: false,
    atomic: 'batch',
    payload: 'encoded',
    conditions: true,
  };
  override async open() {
    await turn();
    calls.push('open');
  }
  override async close() {
    calls.push('close');
  }
}
/** What a store package ships, as the documentation of CATGA_STORE says. */
class FakeStoreModule {
  static forRoot(): DynamicModule {
    return {
      module: FakeStoreModule,
      global: true,
      providers: [{ provide: CATGA_STORE, useFactory: () => new FakeStore() }],
      exports: [CATGA_STORE],
    };
  }
}
Module({})(FakeStoreModule);

describe('CatgaModule', () => {
  beforeEach(() => (calls.length = 0));
  afterEach(closeApps);

  describe('options', () => {
    const boot = (options: object) => startApp({ options: options as CatgaModuleOptions });

    it.each([
      [{ mediatr: {} }, /CatgaModule.forRoot has no option "mediatr". Did you mean "mediator"/],
      [{ mediator: { behaviours: [] } }, /mediator has no option "behaviours". Did you mean "behaviors"/],
      [{ ids: { worker: 1 } }, /ids has no option "worker". .*Known options: workerId, epoch/],
      [{ store: { modus: 'copy' } }, /store has no option "modus". Did you mean "mode"/],
    ])('that do not exist fail at boot with the nearest known one: %j', async (options, message) => {
      await expect(boot(options)).rejects.toMatchObject({
        code: 'CATGA_UNKNOWN_OPTION',
        message: expect.stringMatching(message),
      });
    });

    it.each([
      [
        { mediator: { context: 'magic' } },
        'CATGA_INVALID_OPTION',
        /mediator.context is "magic". Write 'explicit' or 'ambient'/,
      ],
      [{ mediator: { drainTimeout: '5 minutes' } }, 'CATGA_INVALID_DURATION', /mediator.drainTimeout/],
      [{ mediator: { validation: 'yes' } }, 'CATGA_INVALID_OPTION', /mediator.validation/],
      [{ mediator: [] }, 'CATGA_INVALID_OPTION', /mediator is an array/],
      [
        { ids: { workerId: 1024 } },
        'CATGA_INVALID_OPTION',
        /ids.workerId is 1024. Write a whole number from 0 to 1023/,
      ],
      [{ store: { mode: 'deep' } }, 'CATGA_INVALID_OPTION', /store.mode/],
    ])('with values that cannot be fail at boot: %j', async (options, code, message) => {
      await expect(boot(options)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    });

    it('may come from a factory with injected providers, from a class or from an existing provider', async () => {
      @Injectable()
      class Config {
        readonly context = 'ambient' as const;
        createCatgaOptions(): CatgaModuleOptions {
          return { mediator: { context: 'magic' as never } };
        }
      }
      @Module({ providers: [Config], exports: [Config] })
      class ConfigModule {}
      const root = (catga: DynamicModule) => {
        class AppModule {}
        Module({ imports: [catga], providers: [PingHandler] })(AppModule);
        return AppModule;
      };
      const inject = { imports: [ConfigModule], inject: [Config] };
      const fromFactory = root(
        CatgaModule.forRootAsync({ ...inject, useFactory: async ({ context }: Config) => ({ mediator: { context } }) }),
      );
      const { mediator } = await startModule(fromFactory);
      expect(await mediator.send(new Ping())).toBe('pong');
      const wrong = { code: 'CATGA_INVALID_OPTION' };
      await expect(startModule(root(CatgaModule.forRootAsync({ useClass: Config })))).rejects.toMatchObject(wrong);
      const existing = root(CatgaModule.forRootAsync({ imports: [ConfigModule], useExisting: Config }));
      await expect(startModule(existing)).rejects.toMatchObject(wrong);
    });
  });

  it('logs one line at boot: the store, what it promises and how to get more, and the handlers', async () => {
    await startApp({ providers: [PingHandler, AskHandler, HappenedHandler] });
    const lines = logs.of('Catga');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('Store: memory (processes do not survive a restart; import a durable store');
    expect(lines[0]).toContain('Handlers: 1 command, 1 query, 1 event.');
  });

  it('says of a durable store that what was acknowledged survives', async () => {
    await startApp({ imports: [FakeStoreModule.forRoot()] });
    expect(logs.of('Catga')).toEqual([expect.stringContaining('Store: fake (what was acknowledged survives a crash')]);
  });

  it('can be imported once only', async () => {
    @Module({ imports: [CatgaModule.forRoot({ store: { mode: 'copy' } })] })
    class OtherModule {}
    await expect(startApp({ imports: [OtherModule] })).rejects.toMatchObject({ code: 'CATGA_MODULE_DUPLICATE' });
  });

  describe('store', () => {
    @Injectable()
    class StoreUser implements OnModuleInit {
      constructor(readonly store: Store) {}
      onModuleInit() {
        calls.push('user');
      }
      onApplicationShutdown() {
        calls.push('user stops');
      }
    }

    it.each(['before', 'after'])('is replaced by a store module imported %s CatgaModule', async (place) => {
      const imports = [FakeStoreModule.forRoot(), CatgaModule.forRoot()];
      @Module({ imports: place === 'before' ? imports : imports.reverse(), providers: [StoreUser] })
      class AppModule {}
      const { app } = await startModule(AppModule);
      expect(app.get(Store)).toBeInstanceOf(FakeStore);
      expect(app.get(StoreUser).store).toBe(app.get(Store));
      await app.close();
      expect(calls).toEqual(['open', 'user', 'user stops', 'close']);
    });

    it('may be an instance given to forRoot', async () => {
      const store = new FakeStore();
      const { app } = await startApp({ options: { store } });
      expect(app.get(Store)).toBe(store);
    });

    it('of two modules fails at boot with both names', async () => {
      class SecondStoreModule extends FakeStoreModule {}
      const second = { ...FakeStoreModule.forRoot(), module: SecondStoreModule };
      await expect(startApp({ imports: [FakeStoreModule.forRoot(), second] })).rejects.toMatchObject({
        code: 'CATGA_STORE_DUPLICATE',
        message: expect.stringContaining('FakeStoreModule, SecondStoreModule'),
      });
    });

    it('that cannot be opened stops the boot with its own error and is not closed', async () => {
      class BrokenStore extends FakeStore {
        override async open(): Promise<void> {
          throw new Error('file is damaged');
        }
      }
      await expect(startApp({ options: { store: new BrokenStore() } })).rejects.toThrow('file is damaged');
      expect(calls).toEqual([]);
    });
  });

  describe('shutdown', () => {
    class Slow extends Command<string> {}
    class Inner extends Command<string> {}
    const gates = { slow: deferred(), inner: deferred() };
    let signal: AbortSignal | undefined;
    @CommandHandler(Slow)
    class SlowHandler {
      async execute(_command: Slow, context: HandlerContext) {
        signal = context.signal;
        await gates.slow.promise;
        const inner = await context.send(new Inner());
        await context.publish(new Happened());
        calls.push('slow ends');
        return inner;
      }
    }
    @CommandHandler(Inner)
    class InnerHandler {
      async execute() {
        await gates.inner.promise;
        return 'inner';
      }
    }
    const providers = [SlowHandler, InnerHandler, HappenedHandler, PingHandler];
    beforeEach(() => Object.assign(gates, { slow: deferred(), inner: deferred() }));

    it('takes nothing new, lets running handlers finish with what they send, then closes the store', async () => {
      const { app, mediator } = await startApp({ imports: [FakeStoreModule.forRoot()], providers });
      const slow = mediator.send(new Slow());
      const closed = app.close();
      expect(await isPending(closed)).toBe(true);
      const refused = { code: 'CATGA_MEDIATOR_CLOSED', kind: 'infrastructure' };
      await expect(mediator.send(new Ping())).rejects.toMatchObject(refused);
      await expect(mediator.publish(new Happened())).rejects.toMatchObject(refused);
      // Who works on behalf of something that runs may go on, e.g. a step of a process.
      expect(await mediator.bind(() => ({})).send(new Ping())).toBe('pong');
      gates.slow.resolve();
      expect(await isPending(closed)).toBe(true);
      gates.inner.resolve();
      expect(await slow).toBe('inner');
      await closed;
      expect(calls).toEqual(['open', 'slow ends', 'close']);
      await expect(mediator.bind(() => ({})).send(new Ping())).rejects.toMatchObject(refused);
    });

    it('waits also for what follows on a handler that has ended', async () => {
      const { app, mediator } = await startApp({ imports: [FakeStoreModule.forRoot()], providers });
      const bound = mediator.bind(() => ({}));
      // Like a process: between two of its commands, no handler runs.
      const deep = async (depth: number): Promise<unknown> =>
        depth > 0 ? await deep(depth - 1) : bound.send(new Slow());
      const work = deep(20).then(async () => {
        gates.inner = deferred();
        await bound.send(new Inner());
        calls.push('work ends');
      });
      const closed = app.close();
      expect(await isPending(closed)).toBe(true);
      gates.inner.resolve();
      gates.slow.resolve();
      expect(await isPending(closed)).toBe(true);
      gates.inner.resolve();
      await Promise.all([work, closed]);
      expect(calls).toEqual(['open', 'slow ends', 'work ends', 'close']);
    });

    it('waits no longer than the limit, then aborts the signal of handlers that still run and says so', async () => {
      const { app, mediator } = await startApp({
        imports: [FakeStoreModule.forRoot()],
        providers,
        options: { mediator: { drainTimeout: 30 } },
      });
      const slow = mediator.trySend(new Slow());
      await turn();
      await app.close();
      expect(signal?.aborted).toBe(true);
      expect(calls).toEqual(['open', 'close']);
      expect(logs.of('Catga').join()).toMatch(/1 handler\(s\) still ran after 30 ms/);
      gates.slow.resolve();
      expect(await slow).toMatchObject({ ok: false, error: { code: 'CATGA_MEDIATOR_CLOSED' } });
    });

    it('waits for a slow call of a handler that has answered at once thousands of times', async () => {
      class Cached extends Command<string> {}
      const gate = deferred();
      let isSlow = false;
      @CommandHandler(Cached)
      class CachedHandler {
        async execute(_command: Cached) {
          if (isSlow) await gate.promise;
          calls.push('answered');
          return 'x';
        }
      }
      const { app, mediator } = await startApp({ providers: [CachedHandler] });
      for (let round = 0; round < 3000; round++) await mediator.send(new Cached());
      // Handlers are trusted for 100 ms at a time.
      await new Promise((resolve) => setTimeout(resolve, 150));
      calls.length = 0;
      isSlow = true;
      const sent = mediator.send(new Cached());
      const closed = app.close();
      expect(await isPending(closed)).toBe(true);
      gate.resolve();
      await Promise.all([sent, closed]);
      expect(calls).toEqual(['answered']);
    });

    it('still answers while other modules shut down, in their onModuleDestroy', async () => {
      @Injectable()
      class LastWords {
        constructor(private readonly mediator: Mediator) {}
        async onModuleDestroy() {
          calls.push(await this.mediator.send(new Ping()));
        }
      }
      const { app } = await startApp({ providers: [LastWords, PingHandler] });
      await app.close();
      expect(calls).toEqual(['pong']);
    });
  });

  it('has everything ready before providers bootstrap', async () => {
    @Injectable()
    class Consumer implements OnApplicationBootstrap {
      constructor(
        private readonly mediator: Mediator,
        private readonly registry: HandlerRegistry,
      ) {}
      async onApplicationBootstrap() {
        calls.push(await this.mediator.send(new Ping()), `${this.registry.list().length}`);
      }
    }
    await startApp({ imports: [FakeStoreModule.forRoot()], providers: [Consumer, PingHandler] });
    expect(calls).toEqual(['open', 'pong', '1']);
  });
});
