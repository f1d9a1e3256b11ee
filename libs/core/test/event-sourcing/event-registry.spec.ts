import { Injectable, Scope } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  CatgaModule,
  Downcast,
  Event,
  EventLog,
  EventRegistry,
  JsonCodec,
  MemoryStore,
  RawEvent,
  Upcast,
  type CatgaModuleOptions,
  type Codec,
  type EventRegistryOptions,
  type PayloadTransform,
} from '@catga/core';

@Event('order-placed', { version: 3 })
class OrderPlaced {
  constructor(
    readonly orderId: string,
    readonly total: { readonly amount: number; readonly currency: string },
  ) {}

  get isFree(): boolean {
    return this.total.amount === 0;
  }
}

@Event('order-shipped')
class OrderShipped {
  constructor(readonly orderId: string) {}
}

/** Version 1 was called otherwise and had a bare amount; version 2 had a currency beside it. */
@Injectable()
class OrderUpcasters {
  private readonly currency = 'EUR';

  @Upcast('order-created', 1, { to: 'order-placed', toVersion: 2 })
  addCurrency(data: { id: string; amount: number }) {
    return { orderId: data.id, amount: data.amount, currency: this.currency };
  }

  @Upcast(OrderPlaced, 2)
  nestTotal({ orderId, amount, currency, ...rest }: { orderId: string; amount: number; currency: string }) {
    return { ...rest, orderId, total: { amount, currency } };
  }

  @Downcast(OrderPlaced, 3)
  flatten({ orderId, total }: OrderPlaced) {
    return { orderId, ...total };
  }
}

async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => 'no error',
    (error: { code?: unknown }) => error.code,
  );
}

describe.each(['reference', 'copy'] as const)('an event registry over a memory store by %s', (mode) => {
  const isText = mode === 'copy';
  const store = new MemoryStore({ mode });
  const open = (options: EventRegistryOptions = {}) => new EventRegistry(store, options);
  let streams = 0;

  /** Puts an event into the store as an older or newer program did. */
  function old(type: string, v: number, data: unknown): string {
    const stream = `order-${++streams}`;
    const metadata = { ...(v === 1 ? undefined : { v }), id: 'e1' };
    const event = isText
      ? { type, data: typeof data === 'string' ? data : JSON.stringify(data), metadata: JSON.stringify(metadata) }
      : { type, data, metadata };
    store.commit({ appends: [{ stream, expectedVersion: 'any', events: [event] }] });
    return stream;
  }

  const read = async (registry: EventRegistry, stream: string) => (await new EventLog(store, registry).read(stream))[0];

  it('brings events of every former version and name to the class of today, and keeps fields that it does not know', async () => {
    const registry = open().register(OrderPlaced).addSteps(new OrderUpcasters());
    const first = await read(registry, old('order-created', 1, { id: 'a', amount: 5 }));
    const second = await read(
      registry,
      old('order-placed', 2, { orderId: 'b', amount: 0, currency: 'USD', note: 'x' }),
    );
    expect(first?.event).toEqual(new OrderPlaced('a', { amount: 5, currency: 'EUR' }));
    expect(first?.event).toBeInstanceOf(OrderPlaced);
    expect(first).toMatchObject({ type: 'order-created', metadata: { schemaVersion: 1 } });
    expect(second?.event).toMatchObject({ orderId: 'b', isFree: true, note: 'x' });
    expect(registry.storedNames([OrderPlaced, OrderShipped])).toEqual([
      'order-placed',
      'order-created',
      'order-shipped',
    ]);
    const page = await new EventLog(store, registry).readAll({ events: [OrderPlaced] });
    expect(page.events.map(({ type }) => type)).toEqual(['order-created', 'order-placed']);
    const stream = `order-${++streams}`;
    await new EventLog(store, registry).append(stream, [first?.event as object]);
    expect(await read(registry, stream)).toMatchObject({ event: first?.event, metadata: { schemaVersion: 3 } });
  });

  it('names event and place when a step is missing, throws, or gives nothing', async () => {
    const stream = old('order-placed', 1, {});
    const place = { stream, version: 1 };
    const failure = (registry: EventRegistry) =>
      read(registry, stream).then(
        () => undefined,
        (error: unknown) => error,
      );
    const registry = () => open().register(OrderPlaced);
    expect(await failure(registry())).toMatchObject({
      code: 'CATGA_MISSING_UPCASTER',
      details: { type: 'order-placed', from: 1, to: 2, ...place },
    });
    const cause = new TypeError('no such field');
    const throwing = registry().upcast(OrderPlaced, 1, () => {
      throw cause;
    });
    expect(await failure(throwing.upcast(OrderPlaced, 2, (data) => data))).toMatchObject({
      code: 'CATGA_UPCAST_FAILED',
      cause,
      details: { type: 'order-placed', from: 1, reason: 'no such field', ...place },
    });
    const empty = registry().upcast(OrderPlaced, 1, () => undefined as never);
    expect(await failure(empty.upcast(OrderPlaced, 2, (data) => data))).toMatchObject({ code: 'CATGA_UPCAST_FAILED' });
    const circle = open()
      .upcast('a', 1, (data) => data, { to: 'b' })
      .upcast('b', 1, (data) => data, { to: 'a' });
    expect(await codeOf(read(circle, old('a', 1, {})))).toBe('CATGA_UNKNOWN_EVENT_TYPE');
    expect(registry().missingSteps()).toEqual(['"order-placed" from version 1', '"order-placed" from version 2']);
    expect(() =>
      registry()
        .upcast(OrderPlaced, 1, (data) => data)
        .upcast('order-placed', 1, (data) => data),
    ).toThrow(expect.objectContaining({ code: 'CATGA_UPCASTER_DUPLICATE' }));
  });

  it('does not guess at an event that a newer program has written', async () => {
    const stream = old('order-shipped', 2, { orderId: 'a', carrier: 'x' });
    const registry = open().register(OrderShipped);
    await expect(read(registry, stream)).rejects.toMatchObject({
      code: 'CATGA_NEWER_EVENT_VERSION',
      details: { stored: 2, known: 1 },
    });
    const raw = await new EventLog(store, registry).read(stream, { unknown: 'raw' });
    expect(raw[0]?.event).toEqual(new RawEvent('order-shipped', 2, { orderId: 'a', carrier: 'x' }));
  });

  it('writes an older version while older programs still run, and both read it', async () => {
    const steps = new OrderUpcasters();
    const newer = open({ writeAs: { 'order-placed': 2 } }).addSteps(steps);
    const event = new OrderPlaced('a', { amount: 7, currency: 'USD' });
    const stream = `order-${++streams}`;
    await new EventLog(store, newer).append(stream, [event]);
    const [stored] = await store.readStream(stream);
    const data = { orderId: 'a', amount: 7, currency: 'USD' };
    expect(isText ? JSON.parse(stored?.data as string) : stored?.data).toEqual(data);
    expect(await read(newer, stream)).toMatchObject({ event, metadata: { schemaVersion: 2 } });

    @Event('order-placed', { version: 2 })
    class OlderOrderPlaced {
      declare readonly amount: number;
    }
    const older = await read(open().register(OlderOrderPlaced), stream);
    expect(older?.event).toBeInstanceOf(OlderOrderPlaced);
    expect(older?.event).toMatchObject(data);
    expect(newer.inVersion(event, 2)).toEqual(data);
    for (const version of [1, 4]) {
      expect(() => newer.inVersion(event, version)).toThrow(expect.objectContaining({ code: 'CATGA_DOWNCAST_FAILED' }));
    }
  });

  it('lets a transform change what is stored, gives back what was there, and asks it for nothing else', async () => {
    const asked: string[] = [];
    const transform: PayloadTransform = {
      appliesTo: ({ name }) => name === 'order-shipped',
      prepareEncode: async (events) => {
        await Promise.resolve();
        asked.push(`encode ${events.length}`);
      },
      prepareDecode: async (events) => {
        await Promise.resolve();
        asked.push(`decode ${events.length}`);
      },
      encode: (data) => ({ hidden: JSON.stringify(data) }),
      decode: (data) => JSON.parse(data['hidden'] as string) as Record<string, unknown>,
    };
    const registry = open().register(OrderShipped).addTransform(transform);
    const log = new EventLog(store, registry);
    const stream = `order-${++streams}`;
    const events = [new OrderShipped('a'), new OrderPlaced('a', { amount: 1, currency: 'EUR' })];
    await log.append(stream, events);
    const [stored] = await store.readStream(stream);
    const hidden = { hidden: '{"orderId":"a"}' };
    expect(isText ? JSON.parse(stored?.data as string) : stored?.data).toEqual(hidden);
    expect((await log.read(stream)).map(({ event }) => event)).toEqual(events);
    expect((await log.history(stream)).events).toEqual(events);
    expect(asked).toEqual(['encode 1', 'decode 1', 'decode 1']);
    await log.append(`order-${++streams}`, [events[1] as object]);
    expect(asked).toHaveLength(3);
  });

  it('reads fields that the class has turned into accessors, and never takes a prototype from what is stored', async () => {
    const text = '{"orderId":"a","total":{"amount":0,"currency":"EUR"},"isFree":"of old","__proto__":{"bad":true}}';
    const registry = open().register(OrderPlaced);
    const found = await read(registry, old('order-placed', 3, isText ? text : JSON.parse(text)));
    expect(found?.event).toBeInstanceOf(OrderPlaced);
    expect(found?.event).not.toHaveProperty('bad', true);
    expect(Object.getOwnPropertyDescriptor(found?.event, 'isFree')?.value).toBe('of old');
  });
});

describe('an event registry', () => {
  it('says what is wrong with a payload of another codec, and where it is', async () => {
    const store = new MemoryStore({ mode: 'copy' });
    const events = [{ type: 'order-shipped', data: 'no json' }];
    store.commit({ appends: [{ stream: 'order-1', expectedVersion: 'any', events }] });
    const log = new EventLog(store, new EventRegistry(store).register(OrderShipped));
    await expect(log.read('order-1')).rejects.toMatchObject({
      code: 'CATGA_UNREADABLE_EVENT',
      details: { type: 'order-shipped', stream: 'order-1', version: 1, position: 1 },
    });
  });

  it('refuses a class without a wire name on a durable store, and says what to write', () => {
    class PaymentTaken {}
    const durable = { ...new MemoryStore({ mode: 'copy' }).capabilities, durable: true, name: 'disk' };
    expect(() => new EventRegistry({ capabilities: durable }).encode(new PaymentTaken())).toThrow(
      expect.objectContaining({
        code: 'CATGA_EVENT_WITHOUT_NAME',
        message: expect.stringContaining(`@Event('payment-taken')`) as string,
      }),
    );
    expect(new EventRegistry(new MemoryStore()).encode(new PaymentTaken())).toMatchObject({ type: 'PaymentTaken' });
  });
});

describe('event sourcing in a Nest application', () => {
  async function start(options: CatgaModuleOptions, providers: (new () => object)[] = []) {
    const module = await Test.createTestingModule({ imports: [CatgaModule.forRoot(options)], providers }).compile();
    module.useLogger(false);
    return module.init();
  }

  it('knows the classes and upcasters of the application, and writes with its codec', async () => {
    class Reversed implements Codec {
      readonly name = 'reversed';
      private readonly json = new JsonCodec();
      encode(value: unknown) {
        return Array.from(this.json.encode(value)).reverse().join('');
      }
      decode(payload: string) {
        return this.json.decode(Array.from(payload).reverse().join(''));
      }
    }
    const store = new MemoryStore({ mode: 'copy' });
    const module = await start({ store, codec: new Reversed(), eventSourcing: { events: [OrderPlaced] } }, [
      OrderUpcasters,
    ]);
    const log = module.get(EventLog);
    await log.append('order-1', [new OrderShipped('a')]);
    expect((await store.readStream('order-1'))[0]?.data).toBe('}"a":"dIredro"{');
    const data = Array.from('{"id":"a","amount":5}').reverse().join('');
    store.commit({
      appends: [{ stream: 'order-2', expectedVersion: 'any', events: [{ type: 'order-created', data }] }],
    });
    expect((await log.read('order-2'))[0]?.event).toEqual(new OrderPlaced('a', { amount: 5, currency: 'EUR' }));
    const seen: object[] = [];
    const subscription = log.subscribe({ events: [OrderShipped] }, (events) => void seen.push(...events));
    await subscription.caughtUp();
    await module.close();
    await expect(subscription.closed).resolves.toBeUndefined();
    expect(seen).toHaveLength(1);
  });

  it('does not start with options that it cannot use, or upcasters that live as long as a request', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class RequestUpcasters extends OrderUpcasters {}
    const eventSourcing = (options: object) => codeOf(start({ eventSourcing: options }));
    expect(await eventSourcing({ event: [] })).toBe('CATGA_UNKNOWN_OPTION');
    expect(await eventSourcing({ events: ['order-placed'] })).toBe('CATGA_INVALID_OPTION');
    expect(await eventSourcing({ writeAs: { 'order-placed': 0 } })).toBe('CATGA_INVALID_OPTION');
    expect(await codeOf(start({ codec: JsonCodec as never }))).toBe('CATGA_INVALID_OPTION');
    expect(await codeOf(start({}, [RequestUpcasters]))).toBe('CATGA_UPCASTER_SCOPE');
  });
});
