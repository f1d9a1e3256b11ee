import { On, Projection, readModel, type ProjectionContext } from '@catga/core';
import { OrderCancelled, OrderCompleted, OrderPlaced } from './order.events.js';

/** A line of the list of orders. */
export interface OrderLine {
  readonly orderId: string;
  readonly customerId: string;
  readonly country: string;
  readonly amount: number;
  readonly status: 'placed' | 'completed' | 'cancelled';
}

/** All orders, to be found by status, customer and country. */
export const OrderLines = readModel<OrderLine>('order-lines', {
  tags: ({ status, customerId, country }) => [`status:${status}`, `customer:${customerId}`, `country:${country}`],
});

/** Keeps {@link OrderLines}. */
@Projection({ name: 'order-list', models: [OrderLines] })
export class OrderListProjection {
  @On(OrderPlaced)
  placed({ orderId, customerId, country, amount }: OrderPlaced, context: ProjectionContext): void {
    context.model(OrderLines).put(orderId, { orderId, customerId, country, amount, status: 'placed' });
  }

  @On(OrderCompleted)
  completed({ orderId }: OrderCompleted, context: ProjectionContext): void {
    context.model(OrderLines).update(orderId, (line) => ({ ...(line as OrderLine), status: 'completed' }));
  }

  @On(OrderCancelled)
  cancelled({ orderId }: OrderCancelled, context: ProjectionContext): void {
    context.model(OrderLines).update(orderId, (line) => ({ ...(line as OrderLine), status: 'cancelled' }));
  }
}
