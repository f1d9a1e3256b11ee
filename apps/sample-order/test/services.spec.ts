import { CatgaModule, DomainError, Mediator } from '@catga/core';
import { ConsoleLogger } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { Configuration } from '../src/configuration.js';
import { ConfigurationModule } from '../src/configuration.module.js';
import { GatewayError } from '../src/gateway/gateway.js';
import { InventoryLedger } from '../src/inventory/inventory.ledger.js';
import { InventoryModule } from '../src/inventory/inventory.module.js';
import { ReleaseInventory } from '../src/inventory/release-inventory.command.js';
import { ReserveInventory } from '../src/inventory/reserve-inventory.command.js';
import { NotificationLedger } from '../src/notification/notification.ledger.js';
import { NotificationModule } from '../src/notification/notification.module.js';
import { SendNotification } from '../src/notification/send-notification.command.js';
import { PaymentLedger } from '../src/payment/payment.ledger.js';
import { PaymentModule } from '../src/payment/payment.module.js';
import { ProcessPayment } from '../src/payment/process-payment.command.js';
import { RefundPayment } from '../src/payment/refund-payment.command.js';
import { CancelShipment } from '../src/shipment/cancel-shipment.command.js';
import { CreateShipment } from '../src/shipment/create-shipment.command.js';
import { ShipmentLedger } from '../src/shipment/shipment.ledger.js';
import { ShipmentModule } from '../src/shipment/shipment.module.js';

const KEY = { idempotencyKey: 'step-1' };

describe('the services behind the mediator', () => {
  let app: TestingModule;
  let mediator: Mediator;

  async function boot(env: NodeJS.ProcessEnv = {}): Promise<void> {
    app = await Test.createTestingModule({
      imports: [
        ConfigurationModule,
        CatgaModule.forRoot(),
        InventoryModule,
        PaymentModule,
        NotificationModule,
        ShipmentModule,
      ],
    })
      .overrideProvider(Configuration)
      .useValue(new Configuration(env))
      .setLogger(new ConsoleLogger({ logLevels: ['error'] }))
      .compile();
    await app.init();
    mediator = app.get(Mediator);
  }
  afterEach(() => app.close());
  const rowsOf = async (ledger: typeof InventoryLedger | typeof PaymentLedger | typeof ShipmentLedger) =>
    (await app.get<PaymentLedger>(ledger).page({ limit: 100 })).rows;

  it('reserve once per key, say so again, and release once', async () => {
    await boot();
    const reserve = new ReserveInventory('1', [
      { productId: 1, quantity: 2 },
      { productId: 1, quantity: 3 },
    ]);
    const first = await mediator.send(reserve, KEY);
    expect(await mediator.send(reserve, KEY)).toEqual(first);
    await mediator.send(new ReleaseInventory('1'), { idempotencyKey: 'undo-1' });
    await mediator.send(new ReleaseInventory('1'), { idempotencyKey: 'undo-1' });
    expect(await rowsOf(InventoryLedger)).toMatchObject([
      { kind: 'reservation', status: 'released', calls: 2, items: { 1: 5 }, reservationId: first.reservationId },
      { kind: 'release', status: 'done', calls: 2 },
    ]);
  });

  it('repeat a refusal instead of deciding anew', async () => {
    await boot();
    const reserve = new ReserveInventory('1', [{ productId: 1, quantity: 1_000_000_000 }]);
    const refused = async () => mediator.send(reserve, KEY);
    await expect(refused()).rejects.toMatchObject({ code: 'OUT_OF_STOCK' });
    await expect(refused()).rejects.toBeInstanceOf(DomainError);
    expect(await rowsOf(InventoryLedger)).toMatchObject([{ status: 'refused', calls: 2 }]);
  });

  it('charge once per key, and refund what was charged', async () => {
    await boot();
    const first = await mediator.send(new ProcessPayment('1', 99.5), KEY);
    expect(await mediator.send(new ProcessPayment('1', 99.5), KEY)).toEqual(first);
    await mediator.send(new RefundPayment('1'), { idempotencyKey: 'undo-1' });
    expect(await rowsOf(PaymentLedger)).toMatchObject([
      { kind: 'charge', status: 'refunded', amount: 99.5, calls: 2, transactionId: first.transactionId },
      { kind: 'refund', status: 'done', amount: 99.5, transactionId: first.transactionId },
    ]);
  });

  it('decline with a code that is no reason to try again', async () => {
    await boot({ SAMPLE_DECLINE_RATE: '1' });
    await expect(mediator.send(new ProcessPayment('1', 1), KEY)).rejects.toMatchObject({ code: 'CARD_DECLINED' });
    await expect(mediator.send(new ProcessPayment('1', 1), KEY)).rejects.toBeInstanceOf(DomainError);
    expect(await rowsOf(PaymentLedger)).toMatchObject([{ status: 'declined', calls: 2 }]);
  });

  it('ship, and call a parcel back', async () => {
    await boot();
    const { trackingNumber } = await mediator.send(new CreateShipment('1', 'Main Street', 'express'), KEY);
    await mediator.send(new CancelShipment('1'), { idempotencyKey: 'undo-1' });
    expect(await rowsOf(ShipmentLedger)).toMatchObject([
      { kind: 'shipment', status: 'cancelled', speed: 'express', address: 'Main Street', trackingNumber },
      { kind: 'cancellation', status: 'done', trackingNumber },
    ]);
  });

  it('have nothing against undoing what never happened', async () => {
    await boot();
    await mediator.send(new ReleaseInventory('1'));
    await mediator.send(new RefundPayment('1'));
    await mediator.send(new CancelShipment('1'));
    for (const ledger of [InventoryLedger, PaymentLedger, ShipmentLedger]) {
      expect(await rowsOf(ledger)).toMatchObject([{ status: 'nothing-to-do' }]);
    }
  });

  it('recognise a repetition after the work was done and only its answer was lost', async () => {
    await boot({ SAMPLE_GATEWAY_FAILURE_RATE: '0.6' });
    const send = new SendNotification('c-1', '1', 'processing');
    let lost = 0;
    for (let done = 0; done < 5;) {
      const answer = await mediator.send(send, KEY).catch((error: unknown) => error);
      if (answer instanceof GatewayError) lost++;
      else done++;
    }
    const { rows } = await app.get(NotificationLedger).page({ limit: 10 });
    expect(rows).toHaveLength(1);
    expect(rows[0]?.calls).toBeGreaterThanOrEqual(5);
  });

  it('begin nothing for a caller who no longer waits', async () => {
    await boot({ SAMPLE_GATEWAY_DELAY: '200ms' });
    const over = new AbortController();
    const charge = mediator.send(new ProcessPayment('1', 1), { ...KEY, signal: over.signal });
    over.abort();
    await expect(charge).rejects.toMatchObject({ name: 'AbortError' });
    expect(await rowsOf(PaymentLedger)).toEqual([]);
  });
});

describe('the configuration', () => {
  it('lets a first user succeed', () => {
    expect(new Configuration({})).toMatchObject({
      host: '127.0.0.1',
      port: 3000,
      dataFolder: './.data',
      declineRate: 0,
      gatewayDelay: 0,
      gatewayFailureRate: 0,
    });
  });

  it.each([
    ['PORT', 'http'],
    ['PORT', '70000'],
    ['SAMPLE_DECLINE_RATE', '8%'],
    ['SAMPLE_GATEWAY_FAILURE_RATE', '-1'],
    ['SAMPLE_GATEWAY_DELAY', 'slow'],
  ])('names %s when it is "%s"', (name, value) => {
    expect(() => new Configuration({ [name]: value })).toThrow(name);
  });
});
