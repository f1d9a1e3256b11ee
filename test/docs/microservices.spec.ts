import { randomUUID } from 'node:crypto';
import { jest } from '@jest/globals';
import { Controller, Logger, Module, type INestApplicationContext } from '@nestjs/common';
import { EventPattern } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { Event, EventHandler, MessageBus, MemoryTransport, Subscribe, CatgaModule, Transport } from '@catga/core';
import { CatgaClient, CatgaServer } from '@catga/core/microservices';
import { lastValueFrom } from 'rxjs';
import { natsServers } from '../../tools/servers/index.mjs';
import { replayFailed } from './microservices/dead-letters.example.js';

const open: INestApplicationContext[] = [];

beforeAll(() => Logger.overrideLogger(false));
afterEach(async () => {
  for (const app of open.splice(0).reverse()) await app.close();
});

async function until<T>(look: () => T | Promise<T>, holds: (found: T) => boolean): Promise<T> {
  const limit = performance.now() + 10_000;
  for (;;) {
    const found = await look();
    if (holds(found)) return found;
    if (performance.now() > limit) throw new Error(`Not in time: ${JSON.stringify(found)}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** The examples, which read where NATS is when they are loaded. */
async function load(url: string) {
  const before = { ...process.env };
  Object.assign(process.env, { NATS_URL: url, NATS_NAME: `guide-${randomUUID()}` });
  jest.resetModules();
  // Nest is loaded once more as well.
  (await import('@nestjs/common')).Logger.overrideLogger(false);
  try {
    return {
      ...(await import('./microservices/billing.example.js')),
      ...(await import('./microservices/shop.example.js')),
      ...(await import('./microservices/hybrid.example.js')),
      ...(await import('./microservices/billing.controller.example.js')),
    };
  } finally {
    process.env = before;
  }
}

describe.each(natsServers().map(({ name, url }) => [name, url] as const))(
  'the guide to microservices on %s',
  (_n, url) => {
    it('has a shop that tells billing, which is a microservice or a hybrid application', async () => {
      const { startBilling, startHybrid, ShopModule, BillingController } = await load(url);
      const module = await Test.createTestingModule({ imports: [ShopModule] }).compile();
      const shop = module.createNestApplication({ logger: false });
      open.push(shop);
      await shop.listen(0, '127.0.0.1');
      const shopUrl = await shop.getUrl();
      const place = async (amount: number): Promise<void> => {
        const body = JSON.stringify({ customerId: 'c-1', amount });
        const headers = { 'content-type': 'application/json' };
        const response = await fetch(`${shopUrl}/orders`, { method: 'POST', headers, body });
        expect(response.status).toBe(201);
      };
      const total = async (): Promise<unknown> => (await fetch(`${shopUrl}/customers/c-1/total`)).json();

      const billing = await startBilling();
      await place(10);
      await place(15);
      await until(total, (found) => JSON.stringify(found) === '{"total":25}');
      await until(
        () => billing.get(BillingController).reminders.length,
        (count) => count === 2,
      );
      await billing.close();

      // Nobody is there. What happens meanwhile waits.
      await place(7);
      const { app: hybrid, strategy } = await startHybrid(0);
      open.push(hybrid);
      await until(total, (found) => JSON.stringify(found) === '{"total":7}');
      expect(await replayFailed(strategy)).toBe(0);
      expect((await fetch(`${await hybrid.getUrl()}/projections`)).status).toBe(200);
      await hybrid.close();
      expect(() => strategy.unwrap()).toThrow('no open transport');
    });
  },
);

describe('events of Catga and of Nest microservices', () => {
  it('are the same events', async () => {
    @Event('shop.order-placed')
    class OrderPlaced {
      constructor(readonly orderId: string) {}
    }
    const seen: string[] = [];
    @Subscribe('mails')
    @EventHandler(OrderPlaced)
    class SendMail {
      handle(event: OrderPlaced): void {
        seen.push(`catga ${event instanceof OrderPlaced} ${event.orderId}`);
      }
    }
    @Controller()
    class Billing {
      @EventPattern('shop.order-placed')
      bill(order: { orderId: string }): void {
        seen.push(`nest ${order.orderId}`);
      }
    }
    @Module({ imports: [CatgaModule.forRoot()], providers: [SendMail], controllers: [Billing] })
    class AppModule {}
    const module = await Test.createTestingModule({ imports: [AppModule] }).compile();
    const app = module.createNestApplication({ logger: false });
    open.push(app);
    const transport = app.get(Transport);
    expect(transport).toBeInstanceOf(MemoryTransport);
    app.connectMicroservice({ strategy: new CatgaServer({ transport, group: 'billing' }) });
    await app.init();
    await app.startAllMicroservices();
    await app.get(MessageBus).publish(new OrderPlaced('by catga'));
    await lastValueFrom(new CatgaClient({ transport }).emit('shop.order-placed', { orderId: 'by nest' }));
    await until(
      () => seen.length,
      (count) => count === 4,
    );
    expect(seen.sort()).toEqual(['catga true by catga', 'catga true by nest', 'nest by catga', 'nest by nest']);
  });
});
