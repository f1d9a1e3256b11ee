import 'reflect-metadata';
import { Injectable } from '@nestjs/common';
import {
  CommandHandler,
  DomainError,
  Event,
  EventDelivery,
  EventHandler,
  Mediator,
  MemoryBroker,
  MemoryTransport,
  MessageBus,
  MessageDeadLetterService,
  MessagingHost,
  Subscribe,
  Transport,
  Upcast,
  UseBehaviors,
  type CatgaModuleOptions,
  type HandlerContext,
  type Next,
  type PipelineBehavior,
  type TransportCapabilities,
} from '@catga/core';
import { closeApps, deferred, isPending, logs, startApp, type AppParts } from '../mediator/support/start-app.js';

class Distributed extends MemoryTransport {
  override readonly capabilities: TransportCapabilities = {
    name: 'fake',
    distributed: true,
    durable: true,
    qos: [0, 1],
    deduplicationWindow: 0,
  };
}

@Event('shop.order placed', { version: 2 })
@EventDelivery<OrderPlaced>({ key: (event) => event.orderId })
class OrderPlaced {
  constructor(
    readonly orderId: string,
    readonly at: Date,
    readonly total = 10n,
  ) {}
  get isLarge() {
    return this.total > 100n;
  }
}
@Event('shop.order-cancelled')
class OrderCancelled {
  constructor(readonly orderId: string) {}
}
@Event('shop.viewed')
@EventDelivery({ qos: 0 })
class Viewed {
  constructor(readonly page: string) {}
}

const got: { where: string; event: object; context: HandlerContext }[] = [];
const state = { fail: (_event: object): void => undefined, gate: Promise.resolve() };

@Subscribe('billing', { backoff: 10, maxAttempts: 3 })
@EventHandler(OrderPlaced, OrderCancelled)
class Billing {
  async handle(event: OrderPlaced | OrderCancelled, context: HandlerContext) {
    got.push({ where: 'billing', event, context });
    await state.gate;
    state.fail(event);
  }
}
@Subscribe('shipping')
@EventHandler(OrderPlaced)
class Shipping {
  handle(event: OrderPlaced, context: HandlerContext) {
    got.push({ where: 'shipping', event, context });
  }
}
@EventHandler(OrderPlaced)
class Local {
  handle(event: OrderPlaced, context: HandlerContext) {
    got.push({ where: 'local', event, context });
  }
}

async function until(what: string, check: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!(await check())) {
    if (performance.now() > deadline) throw new Error(`Not in time: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe('subscriptions of event handlers', () => {
  let broker = new MemoryBroker();
  beforeEach(() => {
    broker = new MemoryBroker();
    got.length = 0;
    state.fail = () => undefined;
    state.gate = Promise.resolve();
  });
  afterEach(closeApps);
  const node = async (parts: AppParts = {}) => {
    const started = await startApp({ ...parts, options: { transport: { broker }, ...parts.options } });
    return { ...started, bus: started.app.get(MessageBus), dead: started.app.get(MessageDeadLetterService) };
  };

  it('get what any node publishes, as instances of its classes, once each', async () => {
    await node({ providers: [Billing, Shipping, Local] });
    const { bus } = await node({ providers: [Billing] });
    const at = new Date(7);
    await bus.publish([new OrderPlaced('o1', at, 500n), new OrderCancelled('o1')]);
    await until('three deliveries', () => got.length >= 3);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(got.map(({ where, event }) => `${where} ${event.constructor.name}`).sort()).toEqual([
      'billing OrderCancelled',
      'billing OrderPlaced',
      'shipping OrderPlaced',
    ]);
    const placed = got.find(({ event }) => event instanceof OrderPlaced)?.event as OrderPlaced;
    expect(placed).toEqual(new OrderPlaced('o1', at, 500n));
    expect(placed.isLarge).toBe(true);
  });

  it('are not reached by Mediator.publish, which is for the handlers of this node', async () => {
    const { mediator } = await node({ providers: [Billing, Local] });
    await mediator.publish(new OrderPlaced('o1', new Date()));
    expect(got.map(({ where }) => where)).toEqual(['local']);
  });

  it('carry the context on, and say how the message came', async () => {
    class Place {}
    @CommandHandler(Place)
    @Injectable()
    class PlaceHandler {
      constructor(private readonly bus: MessageBus) {}
      async execute(_command: Place, context: HandlerContext) {
        await this.bus.publish(new OrderPlaced('o1', new Date()), { context, id: 'message-1', headers: { own: 'x' } });
      }
    }
    const { mediator } = await node({ providers: [Billing, PlaceHandler] });
    await mediator.send(new Place(), {
      messageId: 'cause',
      correlationId: 'c',
      tenant: 't',
      traceparent: '00-aa-bb-01',
      headers: { User: 'u' },
      idempotencyKey: 'not carried on',
    });
    await until('one delivery', () => got.length === 1);
    const { context } = got[0]!;
    expect(JSON.parse(JSON.stringify(context))).toEqual({
      messageId: 'message-1',
      correlationId: 'c',
      causationId: 'cause',
      tenant: 't',
      traceparent: '00-aa-bb-01',
      headers: { User: 'u', own: 'x' },
    });
    expect(context.delivery).toEqual({
      subscription: 'billing',
      attempt: 1,
      key: 'o1',
      publishedAt: expect.any(Number) as number,
    });
  });

  it('try again what failed, in order of its key, then keep it as a dead letter that can be replayed', async () => {
    const { bus, dead } = await node({ providers: [Billing] });
    state.fail = (event) => {
      if (event instanceof OrderPlaced) throw new Error('no connection');
    };
    await bus.publish(new OrderPlaced('o1', new Date()), { id: 'm1' });
    await bus.publish(new OrderCancelled('o1'), { key: 'o1' });
    await until('the next of that key', () => got.length === 4);
    expect(got.map(({ event, context }) => `${event.constructor.name} ${context.delivery?.attempt}`)).toEqual([
      'OrderPlaced 1',
      'OrderPlaced 2',
      'OrderPlaced 3',
      'OrderCancelled 1',
    ]);
    // Of the last attempt the transport tells, when it keeps the letter.
    expect(logs.of('Messaging').filter((line) => line.includes('failed'))).toEqual([
      'warn [Messaging] Subscription "billing" failed on shop.order placed (m1), attempt 1 of 3: Error: no connection. The next attempt is in 5 ms to 10 ms.',
      'warn [Messaging] Subscription "billing" failed on shop.order placed (m1), attempt 2 of 3: Error: no connection. The next attempt is in 10 ms to 20 ms.',
    ]);
    expect(await dead.counts()).toEqual({ billing: 1 });
    const { letters } = await dead.list({ subscription: 'billing' });
    expect(letters).toMatchObject([{ attempts: 3, error: { message: 'no connection' }, message: { id: 'm1' } }]);
    state.fail = () => undefined;
    expect(await dead.replayAll('billing', ({ error }) => error.message === 'other')).toBe(0);
    expect(await dead.replayAll('billing')).toBe(1);
    await until('the replayed one', () => got.length === 5);
    expect(got[4]).toMatchObject({ event: { orderId: 'o1' }, context: { messageId: 'm1' } });
    expect(await dead.count('billing')).toBe(0);
  });

  it('do not try again what the business refused', async () => {
    const { bus, dead } = await node({ providers: [Billing] });
    state.fail = () => {
      throw new DomainError('declined', { code: 'CARD_DECLINED' });
    };
    await bus.publish(new OrderPlaced('o1', new Date()));
    await until('a dead letter', async () => (await dead.count('billing')) === 1);
    expect(got).toHaveLength(1);
    const { letters } = await dead.list({ subscription: 'billing' });
    expect(letters[0]).toMatchObject({ attempts: 1, error: { name: 'DomainError', code: 'CARD_DECLINED' } });
    expect(await dead.remove('billing', [letters[0]!.id])).toBe(1);
    expect(await dead.count('billing')).toBe(0);
  });

  it('put what they cannot read aside at once, and nothing waits behind it', async () => {
    const { app, bus, dead } = await node({ providers: [Billing] });
    const transport = app.get(Transport);
    const subject = 'event.shop.order_20placed';
    const type = { 'catga-type': 'shop.order placed' };
    const bad = [
      { headers: {}, body: '{}' },
      { headers: { ...type, 'catga-version': '9' }, body: '{}' },
      { headers: { ...type, 'catga-version': '1' }, body: '{}' },
      { headers: { ...type, 'catga-version': '2' }, body: 'no json' },
      { headers: { ...type, 'catga-version': '2' }, body: '5' },
      { headers: { ...type, 'catga-version': '2', 'catga-codec': 'msgpack' }, body: '{}' },
      { headers: { 'catga-type': 'unknown' }, body: '{}' },
      { headers: { 'catga-type': 'shop.viewed' }, body: '{}' },
    ];
    await transport.publish(bad.map((one, index) => ({ ...one, id: `bad-${index}`, subject, key: 'o1' })));
    await bus.publish(new OrderPlaced('o1', new Date()));
    await until('the good one', () => got.length === 1);
    const { letters } = await dead.list({ subscription: 'billing' });
    expect(letters.map(({ attempts }) => attempts)).toEqual(bad.map(() => 1));
    expect(letters[3]?.error.message).toContain('message bad-3 of subscription "billing"');
    expect(letters.map(({ error }) => error.message).join('\n')).toMatch(
      /no header catga-type[^]*version 9[^]*[^]*not JSON[^]*no object[^]*"msgpack"[^]*"unknown"/,
    );
  });

  it('read what older nodes publish, through upcasters', async () => {
    class Upcasters {
      @Upcast('shop.order placed', 1)
      placed(data: { orderId: string; when: string }) {
        return { orderId: data.orderId, at: new Date(data.when), total: 1n };
      }
    }
    Injectable()(Upcasters);
    const { app } = await node({ providers: [Billing, Upcasters] });
    const headers = { 'catga-type': 'shop.order placed', 'catga-version': '1' };
    const body = '{"orderId":"old","when":"2020-01-01T00:00:00.000Z"}';
    await app.get(Transport).publish([{ id: 'm', subject: 'event.shop.order_20placed', headers, body }]);
    await until('one', () => got.length === 1);
    expect(got[0]?.event).toEqual(new OrderPlaced('old', new Date('2020-01-01'), 1n));
    expect(got[0]?.event).toBeInstanceOf(OrderPlaced);
  });

  it('run through their behaviours, and request-scoped handlers get an instance each', async () => {
    const seen: string[] = [];
    @Injectable()
    class Audit implements PipelineBehavior {
      async handle(message: object, next: Next, context: HandlerContext) {
        seen.push(`audit ${context.delivery?.subscription}`);
        return next(message, context);
      }
    }
    let instances = 0;
    @Subscribe('scoped')
    @UseBehaviors(Audit)
    @EventHandler(OrderCancelled, { scope: 2 })
    class Scoped {
      private readonly own = ++instances;
      handle(_event: OrderCancelled) {
        seen.push(`scoped ${this.own}`);
      }
    }
    const { bus } = await node({ providers: [Scoped, Audit] });
    await bus.publish([new OrderCancelled('a'), new OrderCancelled('b')]);
    await until('both', () => seen.length === 4);
    expect([...seen].sort()).toEqual(['audit scoped', 'audit scoped', 'scoped 1', 'scoped 2']);
  });

  it('of QoS 0 get what is published with QoS 0', async () => {
    const pages: string[] = [];
    @Subscribe('stats')
    @EventHandler(Viewed)
    class Stats {
      handle({ page }: Viewed) {
        pages.push(page);
        throw new Error('never again');
      }
    }
    const { bus, dead, app } = await node({ providers: [Stats] });
    await bus.publish([new Viewed('a'), new Viewed('b')]);
    await until('both', () => pages.length === 2);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect([pages.sort(), await dead.count('stats')]).toEqual([['a', 'b'], 0]);
    expect(await app.get(MessagingHost).status()).toMatchObject([{ name: 'stats', qos: 0, failed: 2 }]);
    expect(logs.of('Messaging').filter((line) => line.includes('failed'))).toEqual([]);
    expect(logs.of('Transport').filter((line) => line.includes('is lost (QoS 0)'))).toHaveLength(2);
  });

  it('collect events while no node is there, and a node that only sends takes none', async () => {
    const first = await node({ providers: [Billing] });
    await first.app.close();
    const { bus } = await node({ providers: [Billing], options: { messaging: { consume: false } } });
    await bus.publish(new OrderCancelled('o1'));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(got).toHaveLength(0);
    await node({ providers: [Billing] });
    await until('one', () => got.length === 1);
  });

  it('finish what they handle before the node shuts down, and their handlers may still send', async () => {
    const gate = deferred();
    state.gate = gate.promise;
    const answers: string[] = [];
    class Note {}
    @CommandHandler(Note)
    class NoteHandler {
      execute() {
        answers.push('noted');
      }
    }
    @Subscribe('sender')
    @EventHandler(OrderCancelled)
    @Injectable()
    class Sender {
      constructor(private readonly bus: MessageBus) {}
      async handle(_event: OrderCancelled, context: HandlerContext) {
        answers.push('begun');
        await gate.promise;
        await context.send(new Note());
        await this.bus.publish(new OrderPlaced('o2', new Date()), { context });
        answers.push('done');
      }
    }
    const { app, bus } = await node({ providers: [Sender, NoteHandler] });
    const other = await node({ providers: [Shipping] });
    await bus.publish(new OrderCancelled('o1'));
    await until('begun', () => answers.length === 1);
    const closing = app.close();
    expect(await isPending(closing)).toBe(true);
    gate.resolve();
    await closing;
    expect(answers).toEqual(['begun', 'noted', 'done']);
    await until('the last words', () => got.length === 1);
    expect(await other.app.get(Transport).deadLetters.count('sender')).toBe(0);
  });

  describe('are checked at boot', () => {
    const boot = (providers: unknown[], options: object = {}) =>
      startApp({ providers: providers as [], options: { transport: new Distributed({ broker }), ...options } });

    it.each([
      [{ mesaging: {} }, /Did you mean "messaging"/],
      [{ messaging: { qos: 3 } }, /messaging.qos is 3/],
      [{ messaging: { consum: false } }, /Did you mean "consume"/],
      [{ messaging: { requestTimeout: 0 } }, /messaging.requestTimeout/],
      [{ messaging: { inbox: { keepfor: '1d' } } }, /Did you mean "keepFor"/],
      [
        { messaging: { subscriptions: { billng: {} } } },
        /messaging.subscriptions has no option "billng". Did you mean "billing"/,
      ],
      [{ messaging: { subscriptions: { billing: { concurrency: 0 } } } }, /concurrency is 0/],
      [{ messaging: { subscriptions: { billing: { qos: 0 } } } }, /a quality that fits OrderPlaced, OrderCancelled/],
      [{ messaging: { subscriptions: { billing: { qos: 2 } } } }, /Transport "fake" cannot give QoS 2/],
    ])('%j', async (options, message) => {
      await expect(boot([Billing], options as CatgaModuleOptions)).rejects.toThrow(message);
    });

    it('names: two classes with one subscription, events without a name', async () => {
      @Subscribe('billing')
      @EventHandler(OrderCancelled)
      class Second {
        handle() {}
      }
      await expect(boot([Billing, Second])).rejects.toMatchObject({
        code: 'CATGA_SUBSCRIPTION_DUPLICATE',
        message: expect.stringContaining('Billing and Second'),
      });
      class Nameless {}
      @Subscribe('nameless')
      @EventHandler(Nameless)
      class Third {
        handle() {}
      }
      await expect(boot([Third])).rejects.toMatchObject({ code: 'CATGA_UNNAMED_MESSAGE' });
      expect(() => Subscribe('not a name')(class {})).toThrow(/is not the name of a subscription/);
      expect(() => Subscribe('n', { concurency: 1 } as never)(class {})).toThrow(/Did you mean "concurrency"/);
    });

    it('options override what the decorator says', async () => {
      const options = { messaging: { subscriptions: { billing: { maxAttempts: 1 } } } };
      const { bus, dead } = await node({ providers: [Billing], options });
      state.fail = () => {
        throw new Error('no');
      };
      await bus.publish(new OrderCancelled('o1'));
      await until('a dead letter', async () => (await dead.count('billing')) === 1);
      expect(got).toHaveLength(1);
    });
  });

  it('are published to with options that are checked', async () => {
    const { bus } = await node();
    await expect(bus.publish(new OrderCancelled('o'), { kee: 'x' } as never)).rejects.toThrow(/Did you mean "key"/);
    await expect(bus.publish({} as object)).rejects.toMatchObject({ code: 'CATGA_NOT_AN_EVENT' });
    await expect(bus.publish([])).resolves.toBeUndefined();
  });

  it('are injectable next to the mediator', async () => {
    const { app } = await node();
    expect([app.get(MessageBus), app.get(Mediator)].every((one) => typeof one === 'object')).toBe(true);
  });
});
