import {
  AggregateNotFoundError,
  Aggregates,
  CatgaModule,
  DeciderEndedError,
  DomainError,
  Mediator,
  SnapshotMetrics,
  TimeTravel,
  VersionConflictError,
} from '@catga/core';
import { forAggregate, forDecider, ScenarioError } from '@catga/testing';
import { LongOrder, OrdersModule, PayOrder } from './aggregates.example.js';
import { AddItem, cart, CheckedOut, CheckOut, FillCart, FillCartHandler, ItemAdded } from './cart.example.js';
import { Order, OrderPaid, OrderPlaced } from './order.example.js';
import { closeApps, startApp } from './support/start-app.js';

afterEach(closeApps);

describe('the guide to aggregates', () => {
  it('tells how to test aggregates and deciders', () => {
    forAggregate(Order)
      .given(new OrderPlaced('1', 100))
      .when((order) => order.pay(60))
      .then(new OrderPaid('1', 60));
    forAggregate(Order)
      .when(() => Order.place('1', 100))
      .then(new OrderPlaced('1', 100));
    forAggregate(Order)
      .when((order) => order.pay(1))
      .thenThrows(DomainError);
    forDecider(cart).given(new ItemAdded('book')).when(new CheckOut()).then(new CheckedOut());

    // What does not hold is said.
    const placed = forAggregate(Order).given(new OrderPlaced('1', 100));
    expect(() => placed.when((order) => order.pay(60)).thenNothing()).toThrow(ScenarioError);
    expect(() => placed.when((order) => order.pay(60)).thenThrows(DomainError)).toThrow(ScenarioError);
    expect(() => forDecider(cart).when(new AddItem('book')).then(new ItemAdded('pen'))).toThrow(ScenarioError);
  });

  it('has a handler that loads, changes and saves', async () => {
    const app = await startApp({ imports: [CatgaModule.forRoot(), OrdersModule] });
    const orders = app.get(Aggregates).repository(Order);
    const mediator = app.get(Mediator);
    await orders.save(Order.place('42', 100));
    await mediator.send(new PayOrder('42', 60), { correlationId: 'request-1' });
    await expect(mediator.send(new PayOrder('42', 41))).rejects.toMatchObject({
      code: 'OVERPAID',
      message: 'that is too much',
    });

    const paid = await app.get(TimeTravel).audit(Order, '42', { from: 2 });
    expect(paid).toMatchObject([{ version: 2, event: new OrderPaid('42', 60), correlationId: 'request-1' }]);
    expect(paid[0]?.causationId).toEqual(expect.any(String));
  });

  it('has a repository that loads, finds, creates, repeats and sees conflicts', async () => {
    const app = await startApp({ imports: [CatgaModule.forRoot(), OrdersModule] });
    const orders = app.get(Aggregates).repository(Order);
    await expect(orders.load('1')).rejects.toThrow(AggregateNotFoundError);
    expect(await orders.find('1')).toBeUndefined();

    const order = Order.place('1', 100);
    expect(order).toMatchObject({ version: 0, uncommittedEvents: [new OrderPlaced('1', 100)] });
    expect(await orders.save(order, { id: 'place-1' })).toMatchObject({ version: 1, repeated: false });
    expect(order).toMatchObject({ version: 1, uncommittedEvents: [] });
    expect(await orders.save(Order.place('1', 100), { id: 'place-1' })).toMatchObject({ repeated: true });

    const other = await orders.load('1');
    order.pay(10);
    await orders.save(order);
    other.pay(20);
    const conflict = orders.save(other);
    await expect(conflict).rejects.toThrow(VersionConflictError);
    await expect(conflict).rejects.toMatchObject({ stream: 'order-1', expected: 1, actual: 2 });

    let runs = 0;
    await orders.update('1', async (found) => {
      if (runs++ === 0) await orders.update('1', (rival) => rival.pay(30));
      found.pay(40);
    });
    expect(runs).toBe(2);
    expect((await orders.load('1')).version).toBe(4);
    expect(await orders.updateOrCreate('2', (created) => created.version)).toBe(0);
  });

  it('has a decider that an application handles commands with', async () => {
    const app = await startApp({
      imports: [CatgaModule.forRoot(), CatgaModule.forFeature([cart])],
      providers: [FillCartHandler],
    });
    const mediator = app.get(Mediator);
    await mediator.send(new FillCart('7', 'book'));
    expect(await mediator.send(new FillCart('7', 'pen'))).toBe(2);
    const carts = app.get(Aggregates).decider(cart);
    await expect(carts.handle('8', new CheckOut())).rejects.toThrow('the cart is empty');
    expect(await carts.handle('7', new CheckOut())).toMatchObject({
      state: { items: ['book', 'pen'], isOpen: false },
      events: [new CheckedOut()],
      version: 3,
    });
    await expect(carts.handle('7', new AddItem('cup'))).rejects.toThrow(DeciderEndedError);
  });

  it('takes a snapshot when a hundred events lack in the last one', async () => {
    const app = await startApp({ imports: [CatgaModule.forRoot(), CatgaModule.forFeature([LongOrder])] });
    const orders = app.get(Aggregates).repository(LongOrder);
    const metrics = app.get(SnapshotMetrics);
    const place = (count: number) =>
      orders.updateOrCreate('1', (order) => {
        for (let placed = 0; placed < count; placed++) order.place(1);
      });
    await place(99);
    await place(1);
    await place(1);
    await app.close();
    // The first 99 were too few, the last one came after it.
    expect(metrics.figures()).toMatchObject({ written: 1, failed: 0 });
  });
});
