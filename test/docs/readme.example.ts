import { Aggregate, AggregateRoot, Event, On, Projection, readModel, type ProjectionContext } from '@catga/core';

@Event('order-placed')
export class OrderPlaced {
  constructor(
    readonly orderId: string,
    readonly country: string,
    readonly amount: number,
  ) {}
}

@Aggregate('order')
export class Order extends AggregateRoot {
  private status = 'new';

  place(country: string, amount: number) {
    if (this.status === 'new') this.raise(new OrderPlaced(this.id, country, amount));
  }

  @On(OrderPlaced)
  protected onPlaced() {
    this.status = 'placed';
  }
}

export const Revenue = readModel<number>('revenue');

@Projection({ name: 'revenue-by-country', models: [Revenue] })
export class RevenueProjection {
  @On(OrderPlaced)
  placed({ country, amount }: OrderPlaced, context: ProjectionContext) {
    context.model(Revenue).update(country, (sum = 0) => sum + amount);
  }
}
