import { Injectable } from '@nestjs/common';
import {
  AmbientContext,
  CatgaError,
  Command,
  CommandHandler,
  DomainError,
  EventHandler,
  EventPublishError,
  Mediator,
  Query,
  QueryHandler,
  type CatgaResult,
  type HandlerContext,
  type ICommandHandler,
  type ResultOf,
  type SendOptions,
} from '@catga/core';
import { closeApps, deferred, startApp, turn } from './support/start-app.js';

interface OrderResult {
  readonly orderId: string;
}
class CreateOrder extends Command<OrderResult> {
  constructor(readonly orderId: string) {
    super();
  }
}
class FindOrder extends Query<string | undefined> {
  constructor(readonly orderId: string) {
    super();
  }
}
class Refuse extends Command<void> {}
class Break extends Command<void> {}
class OrderCreated {
  constructor(readonly orderId: string) {}
}

@CommandHandler(CreateOrder)
class CreateOrderHandler implements ICommandHandler<CreateOrder> {
  async execute(command: CreateOrder) {
    return { orderId: command.orderId };
  }
}
@QueryHandler(FindOrder)
class FindOrderHandler {
  // A handler may answer at once, and throw at once.
  execute(query: FindOrder): string | undefined {
    if (query.orderId === '') throw new TypeError('no id');
    return query.orderId === '1' ? 'found' : undefined;
  }
}
@CommandHandler(Refuse)
@CommandHandler(Break)
class FailingHandler {
  async execute(command: Refuse | Break) {
    throw command instanceof Refuse ? new DomainError('out of stock', { code: 'OUT_OF_STOCK' }) : new Error('bug');
  }
}

describe('Mediator', () => {
  afterEach(closeApps);

  it('sends a command to its handler; the result is typed by the command', async () => {
    const { mediator } = await startApp({ providers: [CreateOrderHandler] });
    const result: OrderResult = await mediator.send(new CreateOrder('1'));
    expect(result).toEqual({ orderId: '1' });
    // @ts-expect-error -- the result is an OrderResult, not a number
    const wrong: number = await mediator.send(new CreateOrder('1'));
    expect(wrong).toEqual({ orderId: '1' });
    const typed: ResultOf<FindOrder> = undefined;
    expect(typed).toBeUndefined();
  });

  it('gives handlers that answer or throw at once as promises', async () => {
    const { mediator } = await startApp({ providers: [FindOrderHandler] });
    const found = mediator.query(new FindOrder('1'));
    expect(found).toBeInstanceOf(Promise);
    expect(await found).toBe('found');
    await expect(mediator.send(new FindOrder(''))).rejects.toThrow(TypeError);
  });

  it.each([null, undefined, 'text', { plain: true }, Object.create(null) as object, 42])(
    'rejects %p, which is no message, with a coded error',
    async (value) => {
      const { mediator } = await startApp({ providers: [CreateOrderHandler] });
      const code = typeof value === 'object' || value === undefined ? 'CATGA_INVALID_MESSAGE' : expect.any(String);
      await expect(mediator.send(value as object)).rejects.toMatchObject({ code });
      await expect(mediator.publish(value as object)).rejects.toMatchObject({ code: 'CATGA_INVALID_MESSAGE' });
    },
  );

  it('names a handled message that is written almost the same when there is no handler', async () => {
    const Mistyped = class CreateOrdr extends Command<void> {};
    const { mediator } = await startApp({ providers: [CreateOrderHandler] });
    await expect(mediator.send(new Mistyped())).rejects.toThrow(
      /No handler for CreateOrdr.*There is one for CreateOrder/,
    );
  });

  it('sends a derived command to the handler of its base class until it has one of its own', async () => {
    class CreateGiftOrder extends CreateOrder {}
    class CreateRushOrder extends CreateOrder {}
    @CommandHandler(CreateRushOrder)
    class RushHandler {
      async execute() {
        return { orderId: 'rush' };
      }
    }
    const { mediator } = await startApp({ providers: [CreateOrderHandler, RushHandler] });
    expect(await mediator.send(new CreateGiftOrder('7'))).toEqual({ orderId: '7' });
    expect(await mediator.send(new CreateRushOrder('7'))).toEqual({ orderId: 'rush' });
  });

  it('answers trySend with a value or a coded error, never by throwing', async () => {
    const { mediator } = await startApp({ providers: [CreateOrderHandler, FailingHandler] });
    const good: CatgaResult<OrderResult> = await mediator.trySend(new CreateOrder('1'));
    expect(good).toEqual({ ok: true, value: { orderId: '1' } });
    const refused = await mediator.trySend(new Refuse());
    const broken = await mediator.trySend(new Break());
    class Unknown extends Command<void> {}
    const unknown = await mediator.trySend(new Unknown());
    const errors = [refused, broken, unknown].map((result) => (result.ok ? undefined : result.error));
    expect(errors.map((error) => [error?.code, error?.kind])).toEqual([
      ['CATGA_HANDLER_FAILED', 'business'],
      ['CATGA_HANDLER_FAILED', 'internal'],
      ['CATGA_HANDLER_NOT_FOUND', 'configuration'],
    ]);
    expect(errors.every((error) => error instanceof CatgaError)).toBe(true);
    expect(errors[0]?.cause).toMatchObject({ code: 'OUT_OF_STOCK' });
    expect(await mediator.trySend(null as unknown as object)).toMatchObject({ ok: false });
  });

  describe('publish', () => {
    it('runs every handler although some fail, side by side, and collects what they threw', async () => {
      const gate = deferred();
      const log: string[] = [];
      @EventHandler(OrderCreated)
      class ADenies {
        handle() {
          throw new Error('sync');
        }
      }
      @EventHandler(OrderCreated)
      class BWaits {
        async handle() {
          log.push('b begins');
          await gate.promise;
          log.push('b ends');
        }
      }
      @EventHandler(OrderCreated)
      class CRejects {
        async handle() {
          log.push('c begins');
          gate.resolve();
          throw new Error('async');
        }
      }
      const { mediator } = await startApp({ providers: [BWaits, CRejects, ADenies] });
      const error = (await mediator
        .publish(new OrderCreated('1'))
        .catch((thrown: unknown) => thrown)) as EventPublishError;
      expect(error).toBeInstanceOf(EventPublishError);
      expect(error.failures.map(({ handler }) => handler)).toEqual(['ADenies', 'CRejects']);
      expect(error.message).toContain('2 of 3 event handlers failed');
      expect(log).toEqual(['b begins', 'c begins', 'b ends']);
    });

    it('publishes a list in order, one event after the other, and goes on after a failure', async () => {
      const log: string[] = [];
      @EventHandler(OrderCreated)
      class Recorder {
        async handle(event: OrderCreated) {
          log.push(`begin ${event.orderId}`);
          await turn();
          log.push(`end ${event.orderId}`);
          if (event.orderId === '1') throw new Error('first');
        }
      }
      const { mediator } = await startApp({ providers: [Recorder] });
      const events = [new OrderCreated('1'), new OrderCreated('2')];
      await expect(mediator.publish(events)).rejects.toMatchObject({
        code: 'CATGA_EVENT_PUBLISH',
        failures: [{ event: events[0], handler: 'Recorder' }],
      });
      expect(log).toEqual(['begin 1', 'end 1', 'begin 2', 'end 2']);
    });

    it('publishes nothing of a list in which something is no event', async () => {
      const log: unknown[] = [];
      @EventHandler(OrderCreated)
      class Recorder {
        handle(event: OrderCreated) {
          log.push(event);
        }
      }
      const { mediator } = await startApp({ providers: [Recorder] });
      await expect(mediator.publish([new OrderCreated('1'), {}])).rejects.toMatchObject({
        code: 'CATGA_INVALID_MESSAGE',
      });
      expect(log).toEqual([]);
    });

    it('is fine with an event that nobody handles', async () => {
      const { mediator } = await startApp({});
      await expect(mediator.publish(new OrderCreated('1'))).resolves.toBeUndefined();
      await expect(mediator.publish([])).resolves.toBeUndefined();
    });
  });

  describe('context', () => {
    class Outer extends Command<void> {}
    class Inner extends Command<void> {}
    class Noted {}
    const contexts: Record<string, HandlerContext> = {};
    @CommandHandler(Outer)
    class OuterHandler {
      async execute(_command: Outer, context: HandlerContext) {
        contexts['outer'] = context;
        await context.send(new Inner());
      }
    }
    @CommandHandler(Inner)
    class InnerHandler {
      async execute(_command: Inner, context: HandlerContext) {
        contexts['inner'] = context;
        await context.publish(new Noted(), { headers: { own: 'x' }, idempotencyKey: 'child' });
      }
    }
    @EventHandler(Noted)
    class NotedHandler {
      handle(_event: Noted, context: HandlerContext) {
        contexts['event'] = context;
      }
    }
    const providers = [OuterHandler, InnerHandler, NotedHandler];

    it('carries correlation, cause, tenant, trace, headers and signal on; not the idempotency key', async () => {
      const { mediator } = await startApp({ providers });
      const controller = new AbortController();
      await mediator.send(new Outer(), {
        correlationId: 'corr',
        causationId: 'click',
        tenant: 'north',
        traceparent: '00-1-2-01',
        idempotencyKey: 'key',
        headers: { locale: 'de' },
        signal: controller.signal,
      });
      const { outer, inner, event } = contexts as Record<'outer' | 'inner' | 'event', HandlerContext>;
      expect(outer).toMatchObject({ correlationId: 'corr', causationId: 'click', idempotencyKey: 'key' });
      expect(inner).toMatchObject({ causationId: outer.messageId, idempotencyKey: undefined, tenant: 'north' });
      expect(event).toMatchObject({
        correlationId: 'corr',
        causationId: inner.messageId,
        tenant: 'north',
        traceparent: '00-1-2-01',
        idempotencyKey: 'child',
        headers: { locale: 'de', own: 'x' },
      });
      expect(event.signal).toBe(controller.signal);
      expect(new Set([outer.messageId, inner.messageId, event.messageId]).size).toBe(3);
    });

    it('has ids of its own when the sender says nothing', async () => {
      const { mediator } = await startApp({ providers });
      await mediator.send(new Outer());
      const { outer, inner } = contexts as Record<'outer' | 'inner', HandlerContext>;
      expect(outer.correlationId).toBe(outer.messageId);
      expect(inner.correlationId).toBe(outer.messageId);
      expect(outer.causationId).toBeUndefined();
      expect(outer.signal.aborted).toBe(false);
      expect(outer.headers).toEqual({});
    });

    it('does not begin what nobody waits for any more', async () => {
      const { mediator } = await startApp({ providers });
      await mediator.send(new Outer());
      delete contexts['outer'];
      const signal = AbortSignal.abort(new Error('gone'));
      await expect(mediator.send(new Outer(), { signal })).rejects.toThrow('gone');
      await expect(mediator.publish(new Noted(), { signal })).rejects.toThrow('gone');
      await expect(contexts['inner']?.withSignal(signal).send(new Outer())).rejects.toThrow('gone');
      expect(contexts['outer']).toBeUndefined();
    });

    it('shows its values when it is logged', async () => {
      const { mediator } = await startApp({ providers });
      await mediator.send(new Outer(), { tenant: 'north' });
      const shown = JSON.parse(JSON.stringify(contexts['outer'])) as object;
      expect(shown).toMatchObject({ messageId: contexts['outer']?.messageId, tenant: 'north', headers: {} });
      expect(shown).not.toHaveProperty('origin');
    });

    @Injectable()
    class Deep {
      constructor(private readonly ambient: AmbientContext) {}
      async correlation() {
        await turn();
        return this.ambient.current?.correlationId;
      }
    }
    class Ask extends Command<unknown> {}
    @CommandHandler(Ask)
    class AskHandler {
      constructor(
        private readonly deep: Deep,
        private readonly mediator: Mediator,
      ) {}
      async execute(_command: Ask) {
        await this.mediator.publish(new Noted());
        return this.deep.correlation();
      }
    }

    it("flows by itself with context: 'ambient', also into messages sent through the injected mediator", async () => {
      const { mediator } = await startApp({
        options: { mediator: { context: 'ambient' } },
        providers: [Deep, AskHandler, NotedHandler],
      });
      expect(await mediator.send(new Ask(), { correlationId: 'c1' })).toBe('c1');
      expect(contexts['event']).toMatchObject({ correlationId: 'c1' });
    });

    it('is not ambient unless asked for: no AsyncLocalStorage is active', async () => {
      const { app, mediator } = await startApp({ providers: [Deep, AskHandler, NotedHandler] });
      expect(await mediator.send(new Ask(), { correlationId: 'c1' })).toBeUndefined();
      expect(app.get(AmbientContext).isActive).toBe(false);
      expect(contexts['event']?.correlationId).not.toBe('c1');
    });
  });

  describe('bind', () => {
    class Echo extends Command<SendOptions> {}
    class Echoed {}
    const published: HandlerContext[] = [];
    @CommandHandler(Echo)
    class EchoHandler {
      async execute(_command: Echo, context: HandlerContext) {
        const { idempotencyKey, correlationId, tenant, headers, signal } = context;
        return { idempotencyKey, correlationId, tenant, headers, signal };
      }
    }
    @EventHandler(Echoed)
    class EchoedHandler {
      handle(_event: Echoed, context: HandlerContext) {
        published.push(context);
      }
    }

    it('is a Mediator whose messages get the defaults, asked for once for each message', async () => {
      const { mediator } = await startApp({ providers: [EchoHandler, EchoedHandler] });
      let number = 0;
      const { signal } = new AbortController();
      const bound = mediator.bind(() => ({ idempotencyKey: `step:${++number}`, correlationId: 'run', signal }));
      expect(bound).toBeInstanceOf(Mediator);
      expect(await bound.send(new Echo())).toMatchObject({ idempotencyKey: 'step:1', correlationId: 'run' });
      expect((await bound.send(new Echo())).signal).toBe(signal);
      await bound.publish(new Echoed());
      expect(await bound.trySend(new Echo())).toMatchObject({ ok: true, value: { idempotencyKey: 'step:4' } });
      expect(published[0]).toMatchObject({ idempotencyKey: 'step:3', correlationId: 'run' });
    });

    it('lets the caller go before the defaults, option by option, and puts headers together', async () => {
      const { mediator } = await startApp({ providers: [EchoHandler] });
      const bound = mediator
        .bind(() => ({ tenant: 'a', correlationId: 'outer', headers: { x: '1' } }))
        .bind(() => ({ correlationId: 'inner', headers: { y: '2' } }));
      const got = await bound.query(new Echo(), { tenant: 'b', idempotencyKey: undefined, headers: { y: '3' } });
      expect(got).toMatchObject({ tenant: 'b', correlationId: 'inner', headers: { x: '1', y: '3' } });
    });
  });

  it('can be faked in a unit test by writing two methods', async () => {
    class FakeMediator extends Mediator {
      readonly sent: object[] = [];
      send<M extends object>(message: M): Promise<ResultOf<M>> {
        this.sent.push(message);
        return Promise.resolve({ orderId: 'fake' } as ResultOf<M>);
      }
      publish(): Promise<void> {
        return Promise.resolve();
      }
    }
    class OrderProcess {
      constructor(private readonly mediator: Mediator) {}
      async execute() {
        const result = await this.mediator.trySend(new CreateOrder('1'));
        return result.ok ? result.value.orderId : undefined;
      }
    }
    const fake = new FakeMediator();
    expect(await new OrderProcess(fake).execute()).toBe('fake');
    expect(await new OrderProcess(fake.bind(() => ({}))).execute()).toBe('fake');
    expect(fake.sent).toHaveLength(2);
  });
});
