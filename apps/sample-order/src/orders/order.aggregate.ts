import { Aggregate, AggregateRoot, DomainError, On } from '@catga/core';
import { OrderCancelled, OrderCompleted, OrderPlaced } from './order.events.js';
import type { OrderItem } from './order-item.js';

/** What a customer asks for. */
export interface Purchase {
  readonly customerId: string;
  readonly country: string;
  readonly items: readonly OrderItem[];
  readonly amount: number;
}

/**
 * What is true of an order, and what may happen to it next. Its process calls these methods in its steps; a step that
 * is repeated after a crash finds its event there already and adds none.
 */
@Aggregate('order')
export class Order extends AggregateRoot {
  private status: 'new' | 'placed' | 'completed' | 'cancelled' = 'new';
  private country = '';
  private amount = 0;

  place({ customerId, country, items, amount }: Purchase): void {
    if (this.status === 'new') this.raise(new OrderPlaced(this.id, customerId, country, items, amount));
  }

  /** @throws {DomainError} `ORDER_NOT_OPEN` */
  complete(paymentId: string, shipmentId: string): void {
    if (this.status === 'completed') return;
    if (this.status !== 'placed') {
      throw new DomainError(`Order ${this.id} is ${this.status}, so it cannot be completed.`, {
        code: 'ORDER_NOT_OPEN',
      });
    }
    this.raise(new OrderCompleted(this.id, this.country, this.amount, paymentId, shipmentId));
  }

  cancel(): void {
    if (this.status !== 'new' && this.status !== 'cancelled') this.raise(new OrderCancelled(this.id));
  }

  @On(OrderPlaced)
  protected onPlaced({ country, amount }: OrderPlaced): void {
    this.status = 'placed';
    this.country = country;
    this.amount = amount;
  }

  @On(OrderCompleted)
  protected onCompleted(): void {
    this.status = 'completed';
  }

  @On(OrderCancelled)
  protected onCancelled(): void {
    this.status = 'cancelled';
  }
}
