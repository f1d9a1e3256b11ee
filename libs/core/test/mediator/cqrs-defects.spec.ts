import { Injectable, Module, Scope, type OnModuleInit } from '@nestjs/common';
import { LazyModuleLoader, REQUEST } from '@nestjs/core';
import { Inject } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  CatgaModule,
  Command,
  CommandHandler,
  Event,
  EventHandler,
  EventPublishError,
  EventsHandler,
  HandlerRegistry,
  Mediator,
  messageIdentity,
  messageName,
  type HandlerContext,
} from '@catga/core';
import { closeApps, deferred, isPending, logs, startApp, startModule, turn } from './support/start-app.js';

/** Every test stands for a defect of @nestjs/cqrs 12.0.0 that was measured; the number is that of the list. */
describe('defects of @nestjs/cqrs that Catga does not have', () => {
  afterEach(closeApps);

  class OrderPlaced {
    constructor(readonly id = '1') {}
  }

  it('#1 awaiting publish waits until the handlers have run', async () => {
    const seen: string[] = [];
    @EventsHandler(OrderPlaced)
    class SlowHandler {
      async handle(event: OrderPlaced) {
        await turn();
        seen.push(event.id);
      }
    }
    const { mediator } = await startApp({ providers: [SlowHandler] });
    await mediator.publish(new OrderPlaced('7'));
    expect(seen).toEqual(['7']);
  });

  it('#2 a handler that sends commands on events goes on after it has thrown once', async () => {
    class Ship extends Command<void> {
      constructor(readonly id: string) {
        super();
      }
    }
    const shipped: string[] = [];
    @CommandHandler(Ship)
    class ShipHandler {
      async execute(command: Ship) {
        shipped.push(command.id);
      }
    }
    @EventHandler(OrderPlaced)
    class ShipOnOrder {
      async handle(event: OrderPlaced, context: HandlerContext) {
        if (event.id === 'bad') throw new Error('cannot ship');
        await context.send(new Ship(event.id));
      }
    }
    const { mediator } = await startApp({ providers: [ShipHandler, ShipOnOrder] });
    await expect(mediator.publish(new OrderPlaced('bad'))).rejects.toThrow('cannot ship');
    await mediator.publish(new OrderPlaced('good'));
    expect(shipped).toEqual(['good']);
  });

  it('#3 an error of an event handler names the handler class and the event', async () => {
    @EventHandler(OrderPlaced)
    class MailHandler {
      handle(): void {
        throw new Error('mail server away');
      }
    }
    const { mediator } = await startApp({ providers: [MailHandler] });
    const error = await mediator.publish(new OrderPlaced()).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(EventPublishError);
    expect((error as EventPublishError).message).toContain('MailHandler on OrderPlaced: mail server away');
    expect((error as EventPublishError).failures).toMatchObject([{ handler: 'MailHandler', eventName: 'OrderPlaced' }]);
  });

  it('#4 closing the application waits for event handlers that run', async () => {
    const gate = deferred();
    const order: string[] = [];
    @EventHandler(OrderPlaced)
    class SlowHandler {
      async handle() {
        await gate.promise;
        order.push('handled');
      }
    }
    const { app, mediator } = await startApp({ providers: [SlowHandler] });
    const published = mediator.publish(new OrderPlaced());
    const closed = app.close();
    expect(await isPending(closed)).toBe(true);
    gate.resolve();
    await Promise.all([published, closed]);
    expect(order).toEqual(['handled']);
  });

  it('#5 sending an unknown command rejects and never throws synchronously', async () => {
    class Unknown extends Command<void> {}
    const { mediator } = await startApp({});
    const sent = mediator.send(new Unknown());
    await expect(sent).rejects.toMatchObject({ code: 'CATGA_HANDLER_NOT_FOUND' });
  });

  describe('#6 handlers are there', () => {
    class Greet extends Command<string> {}
    @CommandHandler(Greet)
    class GreetHandler {
      async execute() {
        return 'hello';
      }
    }

    it('in onModuleInit of any provider', async () => {
      const greetings: string[] = [];
      @Injectable()
      class Starter implements OnModuleInit {
        constructor(private readonly mediator: Mediator) {}
        async onModuleInit() {
          greetings.push(await this.mediator.send(new Greet()));
        }
      }
      // A global module that is initialised before CatgaModule is the hardest case.
      @Module({ providers: [Starter] })
      class EarlyModule {}
      @Module({
        imports: [{ module: EarlyModule, global: true }, CatgaModule.forRoot()],
        providers: [GreetHandler],
      })
      class AppModule {}
      await startModule(AppModule);
      expect(greetings).toEqual(['hello']);
    });

    it('in a testing module that was never initialised', async () => {
      const module = await Test.createTestingModule({ imports: [CatgaModule.forRoot()], providers: [GreetHandler] })
        .setLogger(logs)
        .compile();
      expect(await module.get(Mediator).send(new Greet())).toBe('hello');
      await module.close();
    });
  });

  it('#7 handlers of a lazily loaded module are found, also for an event that has handlers already', async () => {
    class Price extends Command<number> {}
    @CommandHandler(Price)
    class PriceHandler {
      async execute() {
        return 42;
      }
    }
    const seen: string[] = [];
    @EventHandler(OrderPlaced)
    class EagerHandler {
      handle() {
        seen.push('eager');
      }
    }
    @EventHandler(OrderPlaced)
    class LazyHandler {
      handle() {
        seen.push('lazy');
      }
    }
    @Module({ providers: [PriceHandler, LazyHandler] })
    class PricesModule {}
    const { app, mediator } = await startApp({ providers: [EagerHandler] });
    await mediator.publish(new OrderPlaced());
    await expect(mediator.send(new Price())).rejects.toMatchObject({ code: 'CATGA_HANDLER_NOT_FOUND' });
    await app.get(LazyModuleLoader).load(() => PricesModule);
    expect(await mediator.send(new Price())).toBe(42);
    await mediator.publish(new OrderPlaced());
    expect(seen).toEqual(['eager', 'eager', 'lazy']);
  });

  describe('#8 handlers provided more than once', () => {
    it('run once for each event when one class stands in two modules', async () => {
      let runs = 0;
      @EventHandler(OrderPlaced)
      class CountHandler {
        handle() {
          runs++;
        }
      }
      @Module({ providers: [CountHandler] })
      class FirstModule {}
      @Module({ providers: [CountHandler] })
      class SecondModule {}
      const { mediator } = await startApp({ imports: [FirstModule, SecondModule] });
      await mediator.publish(new OrderPlaced());
      expect(runs).toBe(1);
    });

    it('fail at boot when two classes handle one command, naming both with their modules', async () => {
      class Pay extends Command<void> {}
      @CommandHandler(Pay)
      class CardHandler {
        async execute() {}
      }
      @CommandHandler(Pay)
      class CashHandler {
        async execute() {}
      }
      @Module({ providers: [CardHandler] })
      class CardModule {}
      @Module({ providers: [CashHandler] })
      class CashModule {}
      await expect(startApp({ imports: [CardModule, CashModule] })).rejects.toMatchObject({
        code: 'CATGA_DUPLICATE_HANDLER',
        message: expect.stringMatching(
          /Pay has two handlers: CardHandler \(CardModule\) and CashHandler \(CashModule\)/,
        ),
      });
    });
  });

  it('#9 request-scoped event handlers get REQUEST', async () => {
    const seen: unknown[] = [];
    @EventHandler(OrderPlaced, { scope: Scope.REQUEST })
    class ScopedHandler {
      constructor(@Inject(REQUEST) private readonly request: unknown) {}
      handle(_event: OrderPlaced, context: HandlerContext) {
        seen.push(this.request, (this.request as HandlerContext).tenant === context.tenant);
      }
    }
    const { mediator } = await startApp({ providers: [ScopedHandler] });
    const request = { user: 'ada' };
    await mediator.publish(new OrderPlaced(), { request });
    expect(seen[0]).toBe(request);
    await mediator.publish(new OrderPlaced(), { tenant: 'north' });
    expect(seen[2]).toMatchObject({ tenant: 'north' });
  });

  it('#10 a command can be handled somewhere else: then no local handler runs, and its answer is awaited', async () => {
    class Convert extends Command<number> {}
    const { app, mediator } = await startApp({});
    app.get(HandlerRegistry).registerCommand(Convert, {
      name: 'RemoteConverter',
      invoke: async () => {
        await turn();
        return 21;
      },
    });
    expect(await mediator.send(new Convert())).toBe(21);
  });

  it('#11 a failed publish is not lost: it rejects, and the caller still has the events', async () => {
    @EventHandler(OrderPlaced)
    class FailingHandler {
      async handle() {
        await turn();
        throw new Error('down');
      }
    }
    const unhandled: unknown[] = [];
    const note = (error: unknown) => unhandled.push(error);
    process.on('unhandledRejection', note);
    const { mediator } = await startApp({ providers: [FailingHandler] });
    const events = [new OrderPlaced('1'), new OrderPlaced('2')];
    const error = await mediator.publish(events).catch((thrown: unknown) => thrown as EventPublishError);
    await turn();
    process.off('unhandledRejection', note);
    expect((error as EventPublishError).failures.map((failure) => failure.event)).toEqual(events);
    expect(unhandled).toEqual([]);
  });

  it('#12 an event has a stable name and version of its own', () => {
    @Event('order-shipped', { version: 3 })
    class OrderShipped {}
    class OrderShippedAbroad extends OrderShipped {}
    expect(messageIdentity(OrderShipped)).toEqual({ name: 'order-shipped', version: 3, isExplicit: true });
    expect(messageName(OrderShippedAbroad)).toBe('OrderShippedAbroad');
  });

  it('#13 dispatch does not depend on the names of classes', async () => {
    const commandNamedA = () => {
      class a extends Command<string> {}
      return a;
    };
    const First = commandNamedA();
    const Second = commandNamedA();
    @CommandHandler(First)
    class x {
      async execute() {
        return 'first';
      }
    }
    const Other = (() => {
      @CommandHandler(Second)
      class x {
        async execute() {
          return 'second';
        }
      }
      return x;
    })();
    const { mediator } = await startApp({ providers: [x, Other] });
    expect(await Promise.all([mediator.send(new First()), mediator.send(new Second())])).toEqual(['first', 'second']);
  });

  it('#14 publishing an event touches only its own handlers, however many others there are', async () => {
    let called = 0;
    const others = Array.from({ length: 200 }, (_, index) => {
      class OtherEvent {}
      @EventHandler(OtherEvent)
      class OtherHandler {
        readonly index = index;
        handle() {
          called++;
        }
      }
      return OtherHandler;
    });
    @EventHandler(OrderPlaced)
    class OwnHandler {
      handle() {
        called += 1000;
      }
    }
    const { app, mediator } = await startApp({ providers: [...others, OwnHandler] });
    await mediator.publish(new OrderPlaced());
    expect(called).toBe(1000);
    expect(app.get(HandlerRegistry).findEvent(OrderPlaced)).toHaveLength(1);
  });

  it('#15 a handler of a base class gets derived events although the derived class has a handler of its own', async () => {
    class Base {}
    class Derived extends Base {}
    const seen: string[] = [];
    @EventHandler(Base)
    class BaseHandler {
      handle(event: Base) {
        seen.push(`base got ${event.constructor.name}`);
      }
    }
    @EventHandler(Derived)
    class DerivedHandler {
      handle() {
        seen.push('derived');
      }
    }
    @EventHandler(Base, Derived)
    class BothHandler {
      handle() {
        seen.push('both');
      }
    }
    const { mediator } = await startApp({ providers: [BaseHandler, DerivedHandler, BothHandler] });
    await mediator.publish(new Derived());
    expect(seen.sort()).toEqual(['base got Derived', 'both', 'derived']);
    seen.length = 0;
    await mediator.publish(new Base());
    expect(seen.sort()).toEqual(['base got Base', 'both']);
  });
});
