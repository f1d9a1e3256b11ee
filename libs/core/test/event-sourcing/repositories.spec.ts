import {
  Aggregate,
  AggregateNotFoundError,
  AggregateRoot,
  DuplicateAggregateError,
  everyEvents,
  InvalidAggregateIdError,
  MemoryStore,
  On,
  StaleAggregateError,
  VersionConflictError,
} from '@catga/core';
import {
  AddToCart,
  cart,
  CartItemAdded,
  CheckedOut,
  CheckOut,
  ItemAdded,
  Order,
  OrderPlaced,
  stateOf,
} from './support/orders.js';
import { repositoriesOn, WatchedStore } from './support/repositories.js';

const stores = [
  ['a store that keeps references', () => new MemoryStore()],
  ['a store that keeps copies', () => new MemoryStore({ mode: 'copy' })],
] as const;

describe.each(stores)('a repository on %s', (_, makeStore) => {
  const start = () => {
    const world = repositoriesOn(makeStore());
    return { ...world, orders: world.aggregates.repository(Order) };
  };

  it('loads what it has saved, dates and all', async () => {
    const { orders } = start();
    const order = Order.place('1', 'ada');
    order.add('book', 2);
    order.pay(new Date(5));
    const saved = await orders.save(order);
    expect(saved).toEqual({ version: 3, position: 3, repeated: false });
    expect(order.version).toBe(3);
    expect(order.uncommittedEvents).toEqual([]);
    const loaded = await orders.load('1');
    expect(loaded).toBeInstanceOf(Order);
    expect(loaded.id).toBe('1');
    expect(loaded.version).toBe(3);
    expect(loaded.toSnapshot()).toEqual({
      customer: 'ada',
      lines: [{ sku: 'book', quantity: 2 }],
      paidAt: new Date(5),
    });
  });

  it('never conflicts with itself, however often the same object is changed and saved', async () => {
    const { orders } = start();
    const order = Order.place('1', 'ada');
    for (let count = 1; count <= 5; count++) {
      await orders.save(order);
      order.add('book', 1);
      order.add('pen', 1);
    }
    // Not awaited in between: they belong to one object and go one after another.
    const first = orders.save(order);
    order.add('last', 1);
    const second = orders.save(order);
    const third = orders.save(order);
    expect([(await first).version, (await second).version, (await third).version]).toEqual([11, 12, 12]);
    const loaded = await orders.load('1');
    expect(loaded.total).toBe(11);
    await orders.save(loaded);
    loaded.add('more', 1);
    await orders.save(loaded);
    loaded.add('more', 1);
    await orders.save(loaded);
    expect((await orders.load('1')).total).toBe(13);
  });

  it('refuses to overwrite what somebody else has saved, and says which stream, what it expected and found', async () => {
    const { orders, log } = start();
    await orders.save(Order.place('1', 'ada'));
    const [mine, theirs] = [await orders.load('1'), await orders.load('1')];
    theirs.add('book', 1);
    theirs.add('pen', 1);
    await orders.save(theirs);
    mine.add('book', 7);
    const failed = orders.save(mine);
    await expect(failed).rejects.toThrow(VersionConflictError);
    await expect(failed).rejects.toMatchObject({ stream: 'order-1', expected: 1, actual: 3 });
    await expect(failed).rejects.toThrow('Stream "order-1" is at version 3, not at 1');
    expect(mine.uncommittedEvents).toEqual([new ItemAdded('book', 7)]);
    expect((await log.read('order-1')).map(({ event }) => event)).toEqual([
      new OrderPlaced('1', 'ada'),
      new ItemAdded('book', 1),
      new ItemAdded('pen', 1),
    ]);
    await expect(orders.save(Order.place('1', 'eve'))).rejects.toMatchObject({ expected: 0, actual: 3 });
  });

  it('applies concurrent updates of one aggregate all, each once', async () => {
    const { orders } = start();
    await orders.save(Order.place('1', 'ada'));
    const seen: number[] = [];
    const totals = await Promise.all(
      Array.from({ length: 25 }, (_, index) =>
        orders.update('1', async (order) => {
          await Promise.resolve();
          order.add(`item-${index}`, 1);
          seen.push(index);
          return order.total;
        }),
      ),
    );
    const order = await orders.load('1');
    expect(order.version).toBe(26);
    expect(order.total).toBe(25);
    // Everybody saw the state that was really there: the answers are all different.
    expect(totals.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 25 }, (_, index) => index + 1));
    expect(seen.length).toBeGreaterThan(25);
  });

  it('gives up after the attempts it was given, with the conflict', async () => {
    const { orders } = start();
    await orders.save(Order.place('1', 'ada'));
    let tries = 0;
    const disturbed = orders.update(
      '1',
      async (order) => {
        tries++;
        const other = await orders.load('1');
        other.add('other', 1);
        await orders.save(other);
        order.add('mine', 1);
      },
      { attempts: 3 },
    );
    await expect(disturbed).rejects.toMatchObject({ code: 'CATGA_VERSION_CONFLICT', stream: 'order-1' });
    expect(tries).toBe(3);
    expect((await orders.load('1')).total).toBe(3);
    await expect(orders.update('1', () => undefined, { attempts: 0 })).rejects.toThrow('a whole number from 1');
  });

  it('does not wait for itself when an update updates the same aggregate', async () => {
    const { orders } = start();
    await orders.save(Order.place('1', 'ada'));
    let first = true;
    await orders.update('1', async (order) => {
      if (first) await orders.update('1', (inner) => inner.add('inner', 1));
      first = false;
      order.add('outer', 1);
    });
    expect((await orders.load('1')).total).toBe(2);
  });

  it('stores nothing when the function fails or changes nothing', async () => {
    const { orders, store } = start();
    await orders.save(Order.place('1', 'ada'));
    await expect(
      orders.update('1', (order) => {
        order.add('book', 1);
        order.add('book', 0);
      }),
    ).rejects.toThrow('add at least one');
    await expect(orders.update('1', (order) => order.total)).resolves.toBe(0);
    expect((await store.getStream('order-1'))?.version).toBe(1);
    await expect(orders.save(await orders.load('1'))).resolves.toEqual({
      version: 1,
      position: undefined,
      repeated: false,
    });
  });

  it('tells a missing aggregate from one that is there', async () => {
    const { orders, log } = start();
    const missing = orders.load('9');
    await expect(missing).rejects.toThrow(AggregateNotFoundError);
    await expect(missing).rejects.toThrow('Order "9" does not exist: stream "order-9" has no events');
    await expect(orders.find('9')).resolves.toBeUndefined();
    await expect(orders.update('9', () => undefined)).rejects.toThrow(AggregateNotFoundError);
    await orders.updateOrCreate('9', (order) => order.place('new'));
    expect(stateOf(await orders.load('9'))).toMatchObject({ customer: 'new' });
    await log.delete('order-9');
    await expect(orders.find('9')).resolves.toBeUndefined();
    await expect(orders.updateOrCreate('9', (order) => order.place('again'))).rejects.toMatchObject({
      code: 'CATGA_STREAM_CLOSED',
    });
    await expect(orders.load('')).rejects.toThrow(InvalidAggregateIdError);
    await expect(orders.load(undefined as never)).rejects.toThrow('A value of type undefined is no id of Order');
  });

  it('writes records in the same commit, or nothing', async () => {
    const { orders, store } = start();
    const order = Order.place('1', 'ada');
    await orders.save(order, { records: [{ collection: 'outbox', key: 'a', value: 'mail' }] });
    expect((await store.getRecord('outbox', 'a'))?.value).toBe('mail');
    order.add('book', 1);
    const failed = orders.save(order, { records: [{ collection: 'outbox', key: 'a', value: 'two', ifVersion: 0 }] });
    await expect(failed).rejects.toMatchObject({ code: 'CATGA_RECORD_CONFLICT' });
    expect((await store.getStream('order-1'))?.version).toBe(1);
    await orders.save(order);
    expect((await orders.load('1')).total).toBe(1);
  });

  it('keeps who and why with the events', async () => {
    const { orders, log } = start();
    await orders.save(Order.place('1', 'ada'), { metadata: { user: 'ada', correlationId: 'c', causationId: 'm' } });
    const [recorded] = await log.read('order-1');
    expect(recorded?.metadata).toMatchObject({ user: 'ada', correlationId: 'c', causationId: 'm' });
  });

  it('stores a save that is repeated under its id once', async () => {
    const { orders } = start();
    await orders.save(Order.place('1', 'ada'));
    const add = async () => {
      const order = await orders.load('1');
      order.add('book', 1);
      return { order, saved: await orders.save(order, { id: 'command-7' }) };
    };
    expect((await add()).saved).toMatchObject({ version: 2, repeated: false });
    const again = await add();
    expect(again.saved).toMatchObject({ repeated: true });
    expect((await orders.load('1')).total).toBe(1);
    again.order.add('book', 1);
    await expect(orders.save(again.order)).rejects.toThrow(StaleAggregateError);
  });

  it('handles commands with a decider, and tries again after a conflict', async () => {
    const { aggregates } = start();
    const carts = aggregates.decider(cart);
    expect(await carts.state('1')).toEqual({ state: { items: [], isOpen: true }, version: 0 });
    await expect(carts.handle('1', new CheckOut())).rejects.toThrow('the cart is empty');
    await Promise.all(Array.from({ length: 10 }, (_, index) => carts.handle('1', new AddToCart(`sku-${index}`))));
    const { state, version } = await carts.state('1');
    expect(version).toBe(10);
    expect([...state.items].sort()).toEqual(Array.from({ length: 10 }, (_, index) => `sku-${index}`));
    const done = await carts.handle('1', new CheckOut());
    expect(done).toMatchObject({ state: { isOpen: false }, events: [new CheckedOut()], version: 11 });
    await expect(carts.handle('1', new AddToCart('late'))).rejects.toMatchObject({ code: 'CATGA_DECIDER_ENDED' });
  });
});

describe('the repositories of an application', () => {
  it('are one for each class, and refuse two classes with one name', () => {
    const { aggregates } = repositoriesOn(new MemoryStore());
    @Aggregate('order')
    class OtherOrder extends AggregateRoot {
      @On(OrderPlaced) protected placed(): void {}
    }
    expect(aggregates.repository(Order)).toBe(aggregates.repository(Order));
    expect(aggregates.decider(cart)).toBe(aggregates.decider(cart));
    expect(() => aggregates.repository(OtherOrder)).toThrow(DuplicateAggregateError);
    expect(() => aggregates.repository(OtherOrder)).toThrow(
      'Order and OtherOrder both keep their events in streams "order-<id>"',
    );
  });

  it('find events without a name at boot on a durable store', () => {
    class Unnamed {}
    class Base {}
    class Durable extends MemoryStore {
      override readonly capabilities = { ...new MemoryStore().capabilities, durable: true, name: 'sqlite' };
    }
    @Aggregate('unnamed', { events: [CartItemAdded] })
    class UnnamedEvents extends AggregateRoot {
      @On(Unnamed) protected unnamed(): void {}
      @On(Base) protected base(): void {}
    }
    expect(() => repositoriesOn(new Durable()).aggregates.repository(UnnamedEvents)).toThrow(
      /event Unnamed has no name[^]*event Base has no name/,
    );
    expect(() => repositoriesOn(new MemoryStore()).aggregates.repository(UnnamedEvents)).not.toThrow();
  });
});

describe.each([
  ['generated', false],
  ['where generating code is forbidden', true],
])('the loop over a history, %s,', (_, forbidden) => {
  const { Function } = globalThis;
  let refusals = 0;
  beforeAll(() => {
    if (!forbidden) return;
    globalThis.Function = function refused() {
      refusals++;
      throw new EvalError('Code generation from strings disallowed for this context');
    } as unknown as FunctionConstructor;
  });
  afterAll(() => {
    globalThis.Function = Function;
  });

  abstract class Numbered {
    constructor(readonly number: number) {}
  }
  /** More than are compared one by one. */
  const kinds = Array.from({ length: 50 }, (__, kind) => {
    const type = class extends Numbered {};
    Object.defineProperty(type, 'name', { value: `Kind${kind}` });
    return type as new (number: number) => Numbered;
  });
  const [even, odd] = [0, 1].map((rest) => kinds.filter((__, kind) => kind % 2 === rest));
  class Derived extends (kinds[1] as new (number: number) => Numbered) {}
  class Unheard {}

  /** A class of its own for each test: its loop is made when it is first loaded. */
  const start = () => {
    @Aggregate('log', { unhandledEvents: 'ignore', events: [Unheard] })
    class Log extends AggregateRoot {
      readonly seen: string[] = [];
      tell(...events: object[]): void {
        for (const event of events) this.raise(event);
      }
      @On(...(even as (typeof kinds)[number][])) protected onEven({ number }: Numbered): void {
        this.seen.push(`even ${number}`);
      }
      // A name that would not do in a text unless it is escaped.
      @On(...(odd as (typeof kinds)[number][])) protected 'on "odd"]\n\u2028'({ number }: Numbered): void {
        this.seen.push(`odd ${number}`);
      }
    }
    const world = repositoriesOn(new MemoryStore());
    return { ...world, Log, logs: world.aggregates.repository(Log) };
  };
  const eventOf = (number: number): Numbered => new (kinds[number % 50] as new (number: number) => Numbered)(number);
  const expected = (length: number): string[] =>
    Array.from({ length }, (__, number) => `${number % 2 === 0 ? 'even' : 'odd'} ${number}`);

  it('gives each of many classes of events to its method, in order', async () => {
    const { logs, log } = start();
    await log.append(
      'log-1',
      Array.from({ length: 200 }, (__, number) => eventOf(number)),
    );
    const loaded = await logs.load('1');
    expect(loaded.seen).toEqual(expected(200));
    expect(loaded.version).toBe(200);
    expect(refusals).toBe(forbidden ? 1 : 0);
  });

  it('goes on behind an event of a derived class, and behind one that nobody takes', async () => {
    const { Log, logs } = start();
    const made = new Log('1');
    made.tell(eventOf(0), new Derived(1), new Unheard(), eventOf(2), new Unheard(), eventOf(3), new Derived(5));
    await logs.save(made);
    const loaded = await logs.load('1');
    expect(loaded.seen).toEqual(['even 0', 'odd 1', 'even 2', 'odd 3', 'odd 5']);
    expect(loaded.seen).toEqual(made.seen);
    expect(loaded.version).toBe(7);
    await logs.save(loaded);
    loaded.tell(eventOf(4));
    expect((await logs.save(loaded)).version).toBe(8);
  });

  it('makes events of what was stored as bare fields between them', async () => {
    const { logs, log, store } = start();
    await log.append('log-1', [eventOf(0), eventOf(1)]);
    await store.commit({
      appends: [{ stream: 'log-1', expectedVersion: 2, events: [{ type: 'Kind2', data: { number: 2 } }] }],
    });
    await log.append('log-1', [eventOf(3)]);
    const loaded = await logs.load('1');
    expect(loaded.seen).toEqual(expected(4));
    expect(loaded.version).toBe(4);
  });

  it.each([undefined, null, 'text', 7])('refuses a stream with %p in the place of an event', async (data) => {
    const { logs, log, store } = start();
    await log.append('log-1', [eventOf(0)]);
    await store.commit({ appends: [{ stream: 'log-1', expectedVersion: 1, events: [{ type: 'Kind1', data }] }] });
    await expect(logs.load('1')).rejects.toMatchObject({ code: 'CATGA_UNREADABLE_EVENT' });
  });

  it('leaves the error of a method to the caller of load', async () => {
    class Bad {}
    @Aggregate('failing')
    class Failing extends AggregateRoot {
      @On(Bad) protected onBad(): void {
        throw new Error('no');
      }
    }
    const { aggregates, log } = start();
    await log.append('failing-1', [new Bad()]);
    await expect(aggregates.repository(Failing).load('1')).rejects.toThrow('no');
    await expect(aggregates.repository(Failing).find('1')).rejects.toThrow('no');
  });
});

describe('an aggregate with a long history', () => {
  @Aggregate('long', { snapshots: { when: everyEvents(100) } })
  class LongOrder extends Order {}

  it('reads a few events with snapshots, where it reads all of them without', async () => {
    const store = new WatchedStore();
    const { aggregates, settled } = repositoriesOn(store);
    const read = async (type: typeof Order): Promise<number> => {
      const orders = aggregates.repository(type);
      for (let batch = 0; batch < 10; batch++) {
        await orders.updateOrCreate('1', (order) => {
          for (let count = 0; count < 100; count++) order.add('book', 1);
        });
        await settled();
      }
      store.eventsRead = 0;
      await orders.update('1', (order) => order.add('book', 1));
      expect((await orders.load('1')).total).toBe(1_001);
      return store.eventsRead;
    };
    expect(await read(Order)).toBe(2_001);
    expect(await read(LongOrder)).toBeLessThanOrEqual(5);
  });
});
