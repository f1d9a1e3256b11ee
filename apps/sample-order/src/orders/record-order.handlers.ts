import { AggregateRepository, CommandHandler, InjectRepository, type MessageContext } from '@catga/core';
import { Order } from './order.aggregate.js';
import { CancelOrder, CompleteOrder, PlaceOrder } from './record-order.commands.js';

// Given the context, each event says which step of which process has caused it: see GET /orders/:id/history.

@CommandHandler(PlaceOrder)
export class PlaceOrderHandler {
  constructor(@InjectRepository(Order) private readonly orders: AggregateRepository<Order>) {}

  async execute({ orderId, purchase }: PlaceOrder, context: MessageContext): Promise<void> {
    await this.orders.updateOrCreate(orderId, (order) => order.place(purchase), { context });
  }
}

@CommandHandler(CompleteOrder)
export class CompleteOrderHandler {
  constructor(@InjectRepository(Order) private readonly orders: AggregateRepository<Order>) {}

  async execute({ orderId, paymentId, shipmentId }: CompleteOrder, context: MessageContext): Promise<void> {
    await this.orders.update(orderId, (order) => order.complete(paymentId, shipmentId), { context });
  }
}

@CommandHandler(CancelOrder)
export class CancelOrderHandler {
  constructor(@InjectRepository(Order) private readonly orders: AggregateRepository<Order>) {}

  async execute({ orderId }: CancelOrder, context: MessageContext): Promise<void> {
    await this.orders.updateOrCreate(orderId, (order) => order.cancel(), { context });
  }
}
