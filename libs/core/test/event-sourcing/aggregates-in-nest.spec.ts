import { Injectable } from '@nestjs/common';
import {
  Aggregate,
  AggregateRepository,
  Aggregates,
  CatgaModule,
  Command,
  CommandHandler,
  InjectRepository,
  MemoryStore,
  On,
  AggregateRoot,
  EventLog,
  provideRepository,
  SnapshotMetrics,
  TimeTravel,
  type DeciderRepository,
  type HandlerContext,
  type CommitBatch,
  type CommitResult,
} from '@catga/core';
import { closeApps, logs, startApp } from '../mediator/support/start-app.js';
import {
  AddToCart,
  cart,
  CheckOut,
  Order,
  OrderPlaced,
  SnapOrder,
  type CartItemAdded,
  type CartState,
  type CheckedOut,
} from './support/orders.js';

class PlaceOrder extends Command {
  constructor(
    readonly orderId: string,
    readonly customer: string,
  ) {
    super();
  }
}

@CommandHandler(PlaceOrder)
class PlaceOrderHandler {
  constructor(@InjectRepository(Order) private readonly orders: AggregateRepository<Order>) {}

  execute({ orderId, customer }: PlaceOrder, context: HandlerContext): Promise<void> {
    return this.orders.updateOrCreate(orderId, (order) => order.place(customer), { context });
  }
}

@Injectable()
class Carts {
  constructor(
    @InjectRepository(cart)
    readonly repository: DeciderRepository<CartState, AddToCart | CheckOut, CartItemAdded | CheckedOut>,
  ) {}
}

afterEach(closeApps);

describe('aggregates in an application', () => {
  it('are loaded and saved by the repositories that handlers inject, with the context of the command', async () => {
    const { app, mediator } = await startApp({
      imports: [CatgaModule.forFeature([Order, cart])],
      providers: [PlaceOrderHandler, Carts],
    });
    await mediator.send(new PlaceOrder('1', 'ada'), { correlationId: 'c-1' });
    const [entry] = await app.get(TimeTravel).audit(Order, '1');
    expect(entry).toMatchObject({ version: 1, correlationId: 'c-1', event: new OrderPlaced('1', 'ada') });
    expect(entry?.causationId).toEqual(expect.any(String));
    const { repository } = app.get(Carts);
    expect(await repository.handle('1', new AddToCart('book'))).toMatchObject({ state: { items: ['book'] } });
    // The same repository, whichever way it is asked for.
    expect(app.get(Aggregates).decider(cart)).toBe(repository);
    expect(app.get(EventLog)).toBeInstanceOf(EventLog);
  });

  it('may be provided by several modules', async () => {
    class Feature {}
    const { app } = await startApp({
      imports: [
        CatgaModule.forFeature([Order]),
        { module: Feature, providers: [provideRepository(Order), PlaceOrderHandler] },
      ],
    });
    await expect(app.get(Aggregates).repository(Order).find('1')).resolves.toBeUndefined();
  });

  it('end the boot with what to write when something is wrong', async () => {
    @Aggregate('order')
    class Rival extends AggregateRoot {
      @On(OrderPlaced) protected placed(): void {}
    }
    @Aggregate('empty')
    class Empty extends AggregateRoot {}
    await expect(startApp({ imports: [CatgaModule.forFeature([Empty])] })).rejects.toThrow('no event changes it');
    await expect(startApp({ imports: [CatgaModule.forFeature([Order, Rival])] })).rejects.toThrow(
      'Order and Rival both keep their events',
    );
    await expect(startApp({ providers: [Order as never, { provide: String, useValue: '1' }] })).rejects.toThrow(
      'Write imports: [CatgaModule.forFeature([Order])] in place of it',
    );
    await expect(startApp({ providers: [PlaceOrderHandler] })).rejects.toThrow(
      'repository of Order; import CatgaModule.forFeature([Order])',
    );
    await expect(startApp({ options: { eventSourcing: { snapshots: { drainTimeOut: 1 } as never } } })).rejects.toThrow(
      'Did you mean "drainTimeout"?',
    );
  });

  it('have their snapshots written before the store closes', async () => {
    const { store, orders, app } = await startSlow();
    await orders.updateOrCreate('1', (order) => {
      for (let count = 0; count < 5; count++) order.add('book', 1);
    });
    expect(app.get(SnapshotMetrics).figures().written).toBe(0);
    const figures = app.get(SnapshotMetrics);
    await app.close();
    expect(figures.figures()).toMatchObject({ written: 1, failed: 0, dropped: 0 });
    await store.open();
    expect(await store.getRecord('snapshots', 'snapOrder-1')).toBeDefined();
  });

  it('do not keep the application from closing when a snapshot hangs', async () => {
    const { store, orders, app } = await startSlow('20ms');
    store.hang = true;
    await orders.updateOrCreate('1', (order) => {
      for (let count = 0; count < 5; count++) order.add('book', 1);
    });
    await app.close();
    expect(logs.of('CatgaSnapshots').join()).toContain('1 snapshot(s) were not written before the end');
    await store.open();
    expect((await store.readStream('snapOrder-1')).length).toBe(5);
  });
});

/** Snapshots take a moment, or for ever. */
class SlowStore extends MemoryStore {
  hang = false;

  override commit(batch: CommitBatch): CommitResult {
    if (batch.records?.[0]?.collection !== 'snapshots') return super.commit(batch);
    const written = this.hang
      ? new Promise<never>(() => undefined)
      : new Promise((resolve) => setTimeout(resolve, 10)).then(() => super.commit(batch));
    return written as unknown as CommitResult;
  }
}

async function startSlow(drainTimeout: '5s' | '20ms' = '5s') {
  const store = new SlowStore();
  const { app } = await startApp({
    options: { store, eventSourcing: { snapshots: { drainTimeout } } },
    imports: [CatgaModule.forFeature([SnapOrder])],
  });
  return { store, app, orders: app.get(Aggregates).repository(SnapOrder) };
}
