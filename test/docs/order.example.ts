import { Aggregate, AggregateRoot, DomainError, Event, On } from '@catga/core';

@Event('order-placed')
export class OrderPlaced {
  constructor(
    readonly orderId: string,
    readonly total: number,
  ) {}
}

@Event('order-paid')
export class OrderPaid {
  constructor(
    readonly orderId: string,
    readonly amount: number,
  ) {}
}

@Aggregate('order')
export class Order extends AggregateRoot {
  private total = 0;
  private paid = 0;

  static place(id: string, total: number): Order {
    const order = new Order(id);
    order.raise(new OrderPlaced(id, total));
    return order;
  }

  pay(amount: number): void {
    if (this.paid + amount > this.total) throw new DomainError('that is too much', { code: 'OVERPAID' });
    this.raise(new OrderPaid(this.id, amount));
  }

  @On(OrderPlaced)
  protected placed(event: OrderPlaced): void {
    this.total = event.total;
  }

  @On(OrderPaid)
  protected received(event: OrderPaid): void {
    this.paid += event.amount;
  }
}
