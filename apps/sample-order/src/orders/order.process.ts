import { CatgaProcess, Mediator } from '@catga/core';
import { ReleaseInventory } from '../inventory/release-inventory.command.js';
import { ReserveInventory } from '../inventory/reserve-inventory.command.js';
import { SendNotification } from '../notification/send-notification.command.js';
import { ProcessPayment } from '../payment/process-payment.command.js';
import { RefundPayment } from '../payment/refund-payment.command.js';
import { CancelShipment } from '../shipment/cancel-shipment.command.js';
import { CreateShipment } from '../shipment/create-shipment.command.js';
import { CreateOrder, type OrderResult } from './create-order.command.js';
import type { OrderItem } from './order-item.js';
import { CancelOrder, CompleteOrder, PlaceOrder } from './record-order.commands.js';

/**
 * An order from reservation to shipment. `execute` is plain TypeScript; each method that it awaits on `this` is a step
 * that is journaled, retried and, should the order fail later, undone by the method called `compensate{Step}`.
 */
@CatgaProcess(CreateOrder)
export class OrderProcess {
  constructor(private readonly mediator: Mediator) {}

  async execute(order: CreateOrder): Promise<OrderResult> {
    await this.placeOrder(order);
    const inventory = await this.reserveInventory(order.orderId, order.items);

    const [payment] = await Promise.all([
      this.processPayment(order.orderId, order.amount),
      this.sendNotification(order.customerId, order.orderId, 'processing'),
    ]);

    const shipment =
      order.amount > 1000
        ? await this.createExpressShipment(order.orderId, order.address)
        : await this.createShipment(order.orderId, order.address);

    await this.completeOrder(order.orderId, payment.transactionId, shipment.trackingNumber);

    return {
      orderId: order.orderId,
      amount: order.amount,
      inventoryId: inventory.reservationId,
      paymentId: payment.transactionId,
      shipmentId: shipment.trackingNumber,
    };
  }

  private async placeOrder({ orderId, customerId, country = 'unknown', items, amount }: CreateOrder) {
    await this.mediator.send(new PlaceOrder(orderId, { customerId, country, items, amount }));
  }
  private async compensatePlaceOrder({ orderId }: CreateOrder) {
    await this.mediator.send(new CancelOrder(orderId));
  }

  private async completeOrder(orderId: string, paymentId: string, shipmentId: string) {
    await this.mediator.send(new CompleteOrder(orderId, paymentId, shipmentId));
  }

  private async reserveInventory(orderId: string, items: readonly OrderItem[]) {
    return this.mediator.send(new ReserveInventory(orderId, items));
  }
  private async compensateReserveInventory(orderId: string) {
    await this.mediator.send(new ReleaseInventory(orderId));
  }

  private async processPayment(orderId: string, amount: number) {
    return this.mediator.send(new ProcessPayment(orderId, amount));
  }
  private async compensateProcessPayment(orderId: string) {
    await this.mediator.send(new RefundPayment(orderId));
  }

  // A notification cannot be unsent: no compensation.
  private async sendNotification(customerId: string, orderId: string, subject: string) {
    return this.mediator.send(new SendNotification(customerId, orderId, subject));
  }

  private async createShipment(orderId: string, address: string) {
    return this.mediator.send(new CreateShipment(orderId, address, 'standard'));
  }
  private async compensateCreateShipment(orderId: string) {
    await this.mediator.send(new CancelShipment(orderId));
  }

  private async createExpressShipment(orderId: string, address: string) {
    return this.mediator.send(new CreateShipment(orderId, address, 'express'));
  }
  private async compensateCreateExpressShipment(orderId: string) {
    await this.mediator.send(new CancelShipment(orderId));
  }
}
