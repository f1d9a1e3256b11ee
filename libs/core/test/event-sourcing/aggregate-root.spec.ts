import {
  Aggregate,
  AggregateModel,
  AggregateRoot,
  Command,
  defineDecider,
  everyEvents,
  largerThan,
  olderThan,
  On,
  type AggregateType,
  type AnyAggregate,
  type SnapshotSituation,
  type SnapshotStrategy,
} from '@catga/core';
import { ItemAdded, Order, OrderPaid, OrderPlaced, stateOf } from './support/orders.js';

const bootError = (type: AggregateType<AnyAggregate>): string => {
  try {
    return `no error: ${new AggregateModel(type).category}`;
  } catch (error) {
    return (error as Error).message;
  }
};

const loadError = (define: () => unknown): string => {
  try {
    return `no error: ${String(define())}`;
  } catch (error) {
    return `${(error as { code: string }).code} ${(error as Error).message}`;
  }
};

describe('an aggregate', () => {
  it('changes its state by the events it raises, and keeps them until they are committed', () => {
    const order = Order.place('1', 'ada');
    order.add('book', 2);
    expect(order.uncommittedEvents).toEqual([new OrderPlaced('1', 'ada'), new ItemAdded('book', 2)]);
    expect(order.version).toBe(0);
    expect(order.total).toBe(2);
    order.markCommitted();
    expect(order.uncommittedEvents).toEqual([]);
    expect(order.version).toBe(2);
  });

  it('comes to the same state from its history', () => {
    const order = new Order('1');
    order.loadFromHistory([new OrderPlaced('1', 'ada'), new ItemAdded('book', 2), new ItemAdded('book', 3)]);
    expect(order.version).toBe(3);
    expect(order.uncommittedEvents).toEqual([]);
    expect(stateOf(order)).toEqual({ customer: 'ada', lines: [{ sku: 'book', quantity: 5 }] });
  });

  it('does not keep an event that its method refuses', () => {
    class Refusing extends Order {
      protected override paid(): void {
        throw new Error('no');
      }
    }
    const order = new Refusing('1');
    expect(() => order.pay(new Date(0))).toThrow('no');
    expect(order.uncommittedEvents).toEqual([]);
  });

  it('has nothing but its own fields in its state', () => {
    expect(Object.keys(new Order('1').toSnapshot() as object)).toEqual(['customer', 'lines', 'paidAt']);
    expect(new Order('1').id).toBe('1');
  });

  it('gives an event of a derived class to the method of its base class, unless it has one of its own', () => {
    class Moved {}
    class MovedFast extends Moved {}
    class MovedBack extends Moved {}
    @Aggregate('robot')
    class Robot extends AggregateRoot<number> {
      readonly seen: string[] = [];
      tell(event: object): void {
        this.raise(event);
      }
      @On(Moved) protected moved(): void {
        this.seen.push('moved');
      }
      @On(MovedBack) protected back(): void {
        this.seen.push('back');
      }
    }
    const robot = new Robot(1);
    for (const event of [new MovedFast(), new MovedBack(), new Moved(), new MovedFast()]) robot.tell(event);
    expect(robot.seen).toEqual(['moved', 'back', 'moved', 'moved']);
  });

  it('uses the overriding method of a derived class, and events that only the derived class knows', () => {
    class Renamed {}
    @Aggregate('special')
    class SpecialOrder extends Order {
      protected override placed(event: OrderPlaced): void {
        this.customer = event.customer.toUpperCase();
      }
      @On(Renamed) protected renamed(): void {
        this.customer = 'renamed';
      }
      rename(): void {
        this.raise(new Renamed());
      }
    }
    const special = new SpecialOrder('1');
    special.place('ada');
    expect(stateOf(special)).toMatchObject({ customer: 'ADA' });
    special.rename();
    expect(stateOf(special)).toMatchObject({ customer: 'renamed' });
    expect(stateOf(Order.place('2', 'ada'))).toMatchObject({ customer: 'ada' });
  });

  it('says which method is missing for an event that nobody takes, when raised and when loaded', () => {
    class Lost {}
    class Telling extends Order {
      tell(): void {
        this.raise(new Lost());
      }
    }
    const message = 'Telling has no method for Lost. Write @On(Lost)';
    expect(() => new Telling('1').tell()).toThrow(message);
    expect(() => new Telling('1').loadFromHistory([new Lost()])).toThrow(message);
    @Aggregate('tolerant', { unhandledEvents: 'ignore' })
    class Tolerant extends Telling {}
    const tolerant = new Tolerant('1');
    tolerant.tell();
    expect(tolerant.uncommittedEvents).toEqual([new Lost()]);
  });

  it('may fold its events in one method', () => {
    @Aggregate('counter', { events: [ItemAdded] })
    class Counter extends AggregateRoot {
      count = 0;
      protected override evolve(event: object): void {
        if (event instanceof ItemAdded) this.count += event.quantity;
      }
    }
    const counter = new Counter('1');
    counter.loadFromHistory([new ItemAdded('a', 2), new ItemAdded('b', 3)]);
    expect(counter.count).toBe(5);
    expect(new AggregateModel(Counter).events).toEqual([ItemAdded]);
  });
});

describe('mistakes in aggregates', () => {
  it('end the load of the class when @On cannot work, with what to write', () => {
    class PlaceOrder extends Command {}
    const on =
      (...events: unknown[]) =>
      () => {
        class Broken {
          placed(): void {}
        }
        const descriptor = Object.getOwnPropertyDescriptor(Broken.prototype, 'placed') as PropertyDescriptor;
        (On as (...args: unknown[]) => MethodDecorator)(...events)(Broken.prototype, 'placed', descriptor);
      };
    expect(loadError(on(PlaceOrder))).toContain(
      'CATGA_ON_DECORATOR @On on Broken.placed: PlaceOrder is a command: it says what is asked, an event says what has happened.',
    );
    expect(loadError(on(undefined))).toContain('its file imports this one');
    expect(loadError(on('order-placed'))).toContain('the text "order-placed" is no event class. Write the class');
    expect(loadError(on(() => 1))).toContain('is no event class');
    expect(loadError(on(Date))).toContain('Date is a class of the language');
    expect(loadError(on())).toContain('name the event it takes');
    expect(
      loadError(() => {
        class Field {
          @(On(OrderPlaced) as unknown as PropertyDecorator) placed = (): void => undefined;
        }
        return Field;
      }),
    ).toContain('Field.placed: it belongs on a method. Write `placed(event: …) { … }`');
    expect(
      loadError(() => {
        class Static {
          @On(OrderPlaced) static placed(): void {}
        }
        return Static;
      }),
    ).toContain('Drop "static"');
  });

  it('end the load of the class when its name cannot be a category', () => {
    expect(loadError(() => Aggregate('order-line')(Order))).toContain('Write "orderLine"');
    expect(loadError(() => Aggregate('')(Order))).toContain("e.g. @Aggregate('order')");
    expect(loadError(() => Aggregate('process')(Order))).toContain('journals of processes');
    expect(loadError(() => Aggregate('order', { snapshot: {} } as never)(Order))).toContain(
      'Did you mean "snapshots"?',
    );
    expect(loadError(() => Aggregate('order', { snapshots: { when: 100 } } as never)(Order))).toContain(
      'everyEvents(100)',
    );
  });

  it('are found at boot, all of one class at once', () => {
    class NoRoot {}
    class NoName extends Order {}
    @Aggregate('empty')
    class Empty extends AggregateRoot {}
    @Aggregate('twice')
    class Twice extends Order {
      constructor(
        id: string,
        readonly owner: string,
      ) {
        super(id);
      }
      @On(OrderPaid) protected paidAgain(): void {}
      onItemAdded(): void {}
    }
    @Aggregate('forgot', { events: [OrderPaid] })
    class Forgot extends AggregateRoot {
      @On(OrderPlaced) protected placed(): void {}
      onOrderPayed(): void {}
      onHold(): void {}
    }
    @Aggregate('folds')
    class Folds extends AggregateRoot {
      protected override evolve(): void {}
    }
    @Aggregate('secret', { snapshots: { when: everyEvents(1) } })
    class Secret extends AggregateRoot {
      #name = 'this.#other';
      get name(): string {
        return this.#name;
      }
      @On(OrderPlaced) protected placed(event: OrderPlaced): void {
        this.#name = event.customer;
      }
    }
    @Aggregate('open', { snapshots: { when: everyEvents(1) } })
    class Open extends AggregateRoot {
      name = 'colour #fff; this.#x';
      @On(OrderPlaced) protected placed(event: OrderPlaced): void {
        this.name = event.customer; // not this.#name = 1
      }
    }
    expect(bootError(NoRoot as never)).toContain('does not extend AggregateRoot');
    expect(bootError(NoName)).toContain("Write @Aggregate('order') above the class");
    expect(bootError(Empty)).toContain('Write @On(OrderPlaced) above the methods');
    const twice = bootError(Twice as never);
    expect(twice).toContain('Twice has 3 mistakes');
    expect(twice).toContain('its constructor wants 2 arguments');
    expect(twice).toContain('both paid and paidAgain take OrderPaid');
    expect(twice).toContain('method onItemAdded is named for ItemAdded but is never called');
    expect(bootError(Forgot)).toBe(
      'Forgot: method onOrderPayed is never called: it lacks the decorator. Write @On(OrderPaid) above it.',
    );
    expect(bootError(Folds)).toContain('List them: @Aggregate');
    expect(bootError(Secret)).toContain('a snapshot would lose');
    expect(bootError(Open)).toBe('no error: open');
  });

  it('in deciders are found when they are defined', () => {
    const rules = { initialState: () => 0, decide: () => [], evolve: () => 0 };
    expect(loadError(() => defineDecider({ name: 'x', events: [], ...rules }))).toContain('it names no events');
    expect(loadError(() => defineDecider({ name: 'a-b', events: [OrderPaid], ...rules }))).toContain('Write "aB"');
    expect(loadError(() => defineDecider({ name: 'x', events: [OrderPaid], ...rules, evolves: 1 } as never))).toContain(
      'Did you mean "evolve"?',
    );
  });
});

describe('snapshot strategies', () => {
  const due = (strategy: SnapshotStrategy, at: Partial<SnapshotSituation>): boolean =>
    strategy.isDue({ version: 10, events: 1, age: 0, bytes: 0, ...at });

  it('decide by events, age and size, and can be combined', () => {
    expect([due(everyEvents(5), { events: 4 }), due(everyEvents(5), { events: 5 })]).toEqual([false, true]);
    expect([due(olderThan('1m'), { age: 60_000 }), due(olderThan('1m'), { age: 60_001 })]).toEqual([false, true]);
    expect([due(largerThan(10), { bytes: 10 }), due(largerThan(10), { bytes: 11 })]).toEqual([false, true]);
    const either = everyEvents(5).or(largerThan(10));
    const both = everyEvents(5).and(olderThan(10));
    expect([due(either, { events: 5 }), due(either, { bytes: 11 }), due(either, {})]).toEqual([true, true, false]);
    expect([due(both, { events: 5 }), due(both, { events: 5, age: 11 })]).toEqual([false, true]);
    expect([either.needsBytes, both.needsBytes]).toEqual([true, false]);
    expect(() => everyEvents(0)).toThrow('a whole number from 1');
  });
});
