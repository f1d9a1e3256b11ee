import 'reflect-metadata';
import { Inject, Injectable, Module, Scope } from '@nestjs/common';
import { LazyModuleLoader, REQUEST } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import {
  CatgaModule,
  Command,
  CommandHandler,
  Event,
  EventHandler,
  HandlerRegistry,
  Mediator,
  MessageName,
  Query,
  QueryHandler,
  type HandlerContext,
} from '@catga/core';
import { closeApps, deferred, logs, startApp, startModule, turn } from './support/start-app.js';

class Ping extends Command<string> {}
class Happened {}

@CommandHandler(Ping)
class PingHandler {
  async execute() {
    return 'pong';
  }
}

describe('handlers', () => {
  afterEach(closeApps);

  describe('boot fails', () => {
    it('when a handler lacks its method, naming class, module and method', async () => {
      @CommandHandler(Ping)
      class Methodless {}
      @EventHandler(Happened)
      class WrongMethod {
        execute() {}
      }
      await expect(startApp({ providers: [Methodless] })).rejects.toMatchObject({
        code: 'CATGA_HANDLER_METHOD_MISSING',
        message: expect.stringContaining(
          'Methodless (AppModule) is decorated with @CommandHandler but has no method execute',
        ),
      });
      await expect(startApp({ providers: [WrongMethod] })).rejects.toThrow(/WrongMethod .* has no method handle/);
    });

    it('when a request-scoped handler lacks its method', async () => {
      @QueryHandler(Ping, { scope: Scope.REQUEST })
      class Methodless {}
      await expect(startApp({ providers: [Methodless] })).rejects.toMatchObject({
        code: 'CATGA_HANDLER_METHOD_MISSING',
      });
    });

    it('when two classes have one wire name and version; another version is another message', async () => {
      @Event('order-created')
      class OrderCreated {}
      @Event('order-created')
      class OrderWasCreated {}
      @Event('order-created', { version: 2 })
      class OrderCreatedV2 {}
      const handlerOf = (type: new () => object) => {
        @EventHandler(type)
        class SomeHandler {
          handle() {}
        }
        return SomeHandler;
      };
      const first = handlerOf(OrderCreated);
      await expect(startApp({ providers: [first, handlerOf(OrderWasCreated)] })).rejects.toMatchObject({
        code: 'CATGA_DUPLICATE_MESSAGE_NAME',
        message: expect.stringMatching(
          /"order-created" \(version 1\).*OrderCreated and OrderWasCreated|OrderWasCreated and OrderCreated/,
        ),
      });
      await startApp({ providers: [first, handlerOf(OrderCreatedV2)] });
    });

    it('when a command and a query have one wire name', async () => {
      @MessageName('orders.one')
      class One extends Command<void> {}
      @MessageName('orders.one')
      class Uno extends Query<void> {}
      @CommandHandler(One)
      class OneHandler {
        async execute() {}
      }
      @QueryHandler(Uno)
      class UnoHandler {
        async execute() {}
      }
      await expect(startApp({ providers: [OneHandler, UnoHandler] })).rejects.toMatchObject({
        code: 'CATGA_DUPLICATE_MESSAGE_NAME',
      });
    });

    it('when a process and a handler class want the same command', async () => {
      const { app } = await startApp({ providers: [PingHandler] });
      const register = () =>
        app.get(HandlerRegistry).registerCommand(Ping, { name: 'PingProcess', module: 'Processes', invoke: () => 1 });
      expect(register).toThrow(/Ping has two handlers: PingHandler \(AppModule\) and PingProcess \(Processes\)/);
    });
  });

  it('refuses a decorator without its message when the file is loaded, and hints at the circular import', () => {
    const undefinedClass = undefined as unknown as typeof Ping;
    const decorate = () => {
      @CommandHandler(undefinedClass)
      class Circular {
        async execute() {}
      }
      return Circular;
    };
    expect(decorate).toThrow(/@CommandHandler of Circular got undefined.*circle/);
    expect(() => EventHandler()(PingHandler)).toThrow(
      expect.objectContaining({ code: 'CATGA_HANDLER_MESSAGE_MISSING' }),
    );
    expect(() => Event('')(Happened)).toThrow(expect.objectContaining({ code: 'CATGA_INVALID_MESSAGE_NAME' }));
    expect(() => Event('happened', { version: 1.5 })(Happened)).toThrow(/Versions are whole numbers from 1/);
    class Named {}
    Event('first')(Named);
    expect(() => Event('second')(Named)).toThrow(/Named has two message names: "first" and "second"/);
  });

  describe('scopes', () => {
    @Injectable({ scope: Scope.REQUEST })
    class UnitOfWork {
      static made = 0;
      readonly number = ++UnitOfWork.made;
      constructor(@Inject(REQUEST) readonly request: unknown) {}
    }
    class Work extends Command<{ unit: number; request: unknown; self: object }> {}
    class Worked {}
    @CommandHandler(Work)
    class WorkHandler {
      constructor(private readonly unit: UnitOfWork) {}
      async execute(_command: Work, context: HandlerContext) {
        await context.publish(new Worked());
        return { unit: this.unit.number, request: this.unit.request, self: this };
      }
    }
    const units: number[] = [];
    @EventHandler(Worked)
    class WorkedHandler {
      constructor(private readonly unit: UnitOfWork) {}
      handle() {
        units.push(this.unit.number);
      }
    }

    it('make a new request-scoped handler for each message, with the context as REQUEST', async () => {
      const { mediator } = await startApp({ providers: [UnitOfWork, WorkHandler, WorkedHandler] });
      const first = await mediator.send(new Work(), { tenant: 'north' });
      const second = await mediator.send(new Work());
      expect(first.self).not.toBe(second.self);
      expect(first.unit).not.toBe(second.unit);
      expect(first.request).toMatchObject({ tenant: 'north' });
    });

    it('share request-scoped providers among all messages of one request', async () => {
      const { mediator } = await startApp({ providers: [UnitOfWork, WorkHandler, WorkedHandler] });
      units.length = 0;
      const request = { path: '/orders' };
      const results = await Promise.all([
        mediator.send(new Work(), { request }),
        mediator.send(new Work(), { request }),
      ]);
      expect(results[0]?.request).toBe(request);
      expect(new Set([...results.map((result) => result.unit), ...units]).size).toBe(1);
    });

    it('make a new transient handler for each message', async () => {
      let made = 0;
      @CommandHandler(Ping, { scope: Scope.TRANSIENT })
      class TransientHandler {
        private readonly number = ++made;
        async execute() {
          return `made ${this.number}`;
        }
      }
      const { mediator } = await startApp({ providers: [TransientHandler] });
      const answers = [await mediator.send(new Ping()), await mediator.send(new Ping())];
      expect(new Set(answers).size).toBe(2);
    });

    it('keep the scope that an @Injectable below the decorator has set', async () => {
      @CommandHandler(Ping)
      @Injectable({ scope: Scope.REQUEST })
      class ScopedHandler {
        constructor(@Inject(REQUEST) private readonly request: HandlerContext) {}
        async execute() {
          return this.request.correlationId;
        }
      }
      const { mediator } = await startApp({ providers: [ScopedHandler] });
      expect(await mediator.send(new Ping(), { correlationId: 'abc' })).toBe('abc');
    });
  });

  it('get their context whatever their signature looks like', async () => {
    const contexts: unknown[] = [];
    const register = async (execute: (...args: never[]) => unknown) => {
      @CommandHandler(Ping)
      class SomeHandler {}
      Object.defineProperty(SomeHandler.prototype, 'execute', { value: execute });
      const { mediator } = await startApp({ providers: [SomeHandler] });
      await mediator.send(new Ping(), { tenant: 't' });
    };
    const note = (context: HandlerContext | undefined) => contexts.push(context?.tenant);
    await register(async (...all: [Ping, HandlerContext]) => note(all[1]));
    await register(async (_ping: Ping, context?: HandlerContext) => note(context));
    await register(async (_ping: Ping, context: Partial<HandlerContext> = {}) => note(context as HandlerContext));
    await register(function (this: unknown, _ping: Ping) {
      return note(arguments[1] as HandlerContext);
    });
    // What a method decorator of a tracing library leaves behind.
    const original = (_ping: Ping, context: HandlerContext) => note(context);
    await register(function (this: unknown) {
      return Reflect.apply(original, this, arguments as unknown as [Ping, HandlerContext]);
    });
    await register(original.bind(undefined));
    expect(contexts).toEqual(['t', 't', 't', 't', 't', 't']);
  });

  it('are found behind useClass, useFactory, useValue and overrideProvider, but an alias does not run twice', async () => {
    const seen: string[] = [];
    const handlerNamed = (name: string) => {
      @EventHandler(Happened)
      class SomeHandler {
        handle() {
          seen.push(name);
        }
      }
      return SomeHandler;
    };
    const [A, B, C, D] = ['class', 'factory', 'value', 'replaced'].map(handlerNamed) as [never, never, never, never];
    const module = await Test.createTestingModule({
      imports: [CatgaModule.forRoot()],
      providers: [
        { provide: 'a', useClass: A },
        { provide: 'b', useFactory: async () => new (B as new () => object)() },
        { provide: 'c', useValue: new (C as new () => object)() },
        D,
        { provide: 'alias', useExisting: D },
      ],
    })
      .overrideProvider(D)
      .useValue({ handle: () => seen.push('mock') })
      .setLogger(logs)
      .compile();
    await module.get(Mediator).publish(new Happened());
    expect(seen.sort()).toEqual(['class', 'factory', 'mock', 'value']);
    await module.close();
  });

  it('keep two applications in one OS process apart', async () => {
    const seen: string[] = [];
    @Injectable()
    class Name {
      value = '';
    }
    @EventHandler(Happened)
    class NamedHandler {
      constructor(private readonly name: Name) {}
      handle() {
        seen.push(this.name.value);
      }
    }
    const first = await startApp({ providers: [{ provide: Name, useValue: { value: 'first' } }, NamedHandler] });
    const second = await startApp({
      providers: [{ provide: Name, useValue: { value: 'second' } }, NamedHandler, PingHandler],
    });
    await first.mediator.publish(new Happened());
    await second.mediator.publish(new Happened());
    expect(seen).toEqual(['first', 'second']);
    await expect(first.mediator.send(new Ping())).rejects.toMatchObject({ code: 'CATGA_HANDLER_NOT_FOUND' });
    await first.app.close();
    expect(await second.mediator.send(new Ping())).toBe('pong');
  });

  it('come from forFeature as from the providers of a module', async () => {
    @Injectable()
    class Dependency {
      readonly answer = 'with dependency';
    }
    @Module({ providers: [Dependency], exports: [Dependency] })
    class DependencyModule {}
    @CommandHandler(Ping)
    class FeatureHandler {
      constructor(private readonly dependency: Dependency) {}
      async execute() {
        return this.dependency.answer;
      }
    }
    const { mediator } = await startApp({
      imports: [
        CatgaModule.forFeature([FeatureHandler], [DependencyModule]),
        CatgaModule.forFeature([FeatureHandler], [DependencyModule]),
      ],
    });
    expect(await mediator.send(new Ping())).toBe('with dependency');
  });

  it('of a lazily loaded module that are faulty are logged and left out; the application goes on', async () => {
    @CommandHandler(Ping)
    class SecondPingHandler {
      async execute() {
        return 'second';
      }
    }
    @EventHandler(Happened)
    class LazyScoped {
      handle() {
        seen.push('lazy');
      }
    }
    const seen: string[] = [];
    @Module({ providers: [SecondPingHandler, { provide: LazyScoped, useClass: LazyScoped, scope: Scope.REQUEST }] })
    class LazyModule {}
    const { app, mediator } = await startApp({ providers: [PingHandler] });
    await app.get(LazyModuleLoader).load(() => LazyModule);
    await mediator.publish(new Happened());
    expect(seen).toEqual(['lazy']);
    expect(await mediator.send(new Ping())).toBe('pong');
    expect(logs.of('Catga').join()).toContain('SecondPingHandler of a lazily loaded module is not used');
  });

  it('of a module that is still loading are not called before they are made', async () => {
    const gate = deferred();
    const seen: string[] = [];
    @EventHandler(Happened)
    class NeedsConnection {
      constructor(@Inject('connection') private readonly connection: string) {}
      handle() {
        seen.push(this.connection);
      }
    }
    const connection = { provide: 'connection', useFactory: () => gate.promise.then(() => 'connected') };
    @Module({ providers: [connection, NeedsConnection] })
    class LoadingModule {}
    const { app, mediator } = await startApp({});
    const loaded = app.get(LazyModuleLoader).load(() => LoadingModule);
    await turn();
    await mediator.publish(new Happened());
    expect(seen).toEqual([]);
    gate.resolve();
    await loaded;
    await mediator.publish(new Happened());
    expect(seen).toEqual(['connected']);
  });

  it('registered by hand work before and after boot, and can be listed', async () => {
    class Early extends Command<string> {}
    class Late extends Query<string> {}
    @Injectable()
    class Registrar {
      constructor(registry: HandlerRegistry) {
        registry.registerCommand(Early, { name: 'EarlyProcess', invoke: () => 'early' });
      }
    }
    @Module({ imports: [CatgaModule.forRoot()], providers: [Registrar, PingHandler] })
    class AppModule {}
    const { app, mediator } = await startModule(AppModule);
    const registry = app.get(HandlerRegistry);
    expect(await mediator.send(new Early())).toBe('early');
    await expect(mediator.send(new Late())).rejects.toMatchObject({ code: 'CATGA_HANDLER_NOT_FOUND' });
    registry.registerQuery(Late, { name: 'LateView', invoke: (_message, context) => context.messageId.length });
    expect(await mediator.send(new Late())).toBeGreaterThan(10);
    expect(registry.list().map(({ kind, name, messageType }) => `${kind} ${messageType.name} ${name}`)).toEqual([
      'command Early EarlyProcess',
      'query Late LateView',
      'command Ping PingHandler',
    ]);
  });
});
