import { Module } from '@nestjs/common';
import { CatgaModule, EventLog, MemoryBroker, MemoryTransport, Transport } from '@catga/core';
import { AppModule, mails, OrdersController, ReserveStockHandler } from './messaging.example.js';
import { closeApps, startApp } from './support/start-app.js';

async function until(check: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!(await check())) {
    if (performance.now() > deadline) throw new Error('Not in time');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe('the guide to messaging', () => {
  afterEach(closeApps);

  it('makes an application whose subscriptions get what it publishes, once each', async () => {
    const app = await startApp({ imports: [AppModule] });
    const orders = app.get(OrdersController);
    const log = app.get(EventLog);
    const bills = async (id: string) => (await log.read(`bill-${id}`)).length;
    await orders.place('1');
    await orders.place('1'); // the same id, so the same message
    await orders.placeWithOutbox('2');
    await orders.remind('3');
    await until(async () => (await bills('1')) === 1 && (await bills('2')) === 1 && (await bills('3')) === 1);
    await until(() => mails.length === 3);
    expect(await bills('1')).toBe(1);
    expect([...mails].sort()).toEqual(['1, attempt 1', '2, attempt 1', '3, attempt 1']);
    expect(await orders.reserve('chair')).toEqual({ reservationId: 'r-chair' });
  });

  it('shows what was given up on, and replays it', async () => {
    const app = await startApp({ imports: [AppModule] });
    const orders = app.get(OrdersController);
    const subject = 'event.shop.order-placed';
    await app
      .get(Transport)
      .publish([{ id: 'x', subject, body: 'not json', headers: { 'catga-type': 'shop.order-placed' } }]);
    await until(async () => (await orders.failed()).length === 1);
    expect(await orders.failed()).toMatchObject([{ attempts: 1, reason: expect.stringContaining('not JSON') }]);
    const before = await orders.failed();
    expect(await orders.replay()).toEqual({ replayed: 1 });
    // It is no better the second time: a letter again, another one.
    await until(async () => (await orders.failed()).some(({ id }) => id !== before[0]?.id));
  });

  it('sends a command to the node that has its handler', async () => {
    const broker = new MemoryBroker();
    const service = { imports: [CatgaModule.forRoot({ transport: { broker } })], providers: [ReserveStockHandler] };
    await startApp(service);
    class Client {}
    Module({
      imports: [CatgaModule.forRoot({ transport: new MemoryTransport({ broker }) })],
      controllers: [OrdersController],
    })(Client);
    const client = await startApp({ imports: [Client] });
    expect(await client.get(OrdersController).reserve('table')).toEqual({ reservationId: 'r-table' });
  });
});
