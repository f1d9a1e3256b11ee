import { Controller, Get, Module, NotFoundException, Param, Post, Query } from '@nestjs/common';
import {
  CatgaModule,
  Event,
  EventLog,
  On,
  Projection,
  ProjectionManager,
  readModel,
  ReadModels,
  type ProjectionContext,
} from '@catga/core';

@Event('order-placed')
export class OrderPlaced {
  constructor(
    readonly orderId: string,
    readonly country: string,
    readonly amount: number,
  ) {}
}

@Event('order-shipped')
export class OrderShipped {
  constructor(readonly orderId: string) {}
}

export interface OrderView {
  readonly id: string;
  readonly country: string;
  readonly amount: number;
  readonly status: 'placed' | 'shipped';
}

// What is kept: a name, the type of the values, and the tags by which they are found.
export const Orders = readModel<OrderView>('orders', {
  tags: (order) => [`status:${order.status}`, `country:${order.country}`],
});
export const Revenue = readModel<{ readonly total: number }>('revenue');

@Projection({ name: 'order-list', models: [Orders, Revenue] })
export class OrderList {
  @On(OrderPlaced)
  placed({ orderId: id, country, amount }: OrderPlaced, ctx: ProjectionContext) {
    ctx.model(Orders).put(id, { id, country, amount, status: 'placed' });
    ctx.model(Revenue).update(country, (old) => ({ total: (old?.total ?? 0) + amount }));
  }

  @On(OrderShipped)
  async shipped({ orderId }: OrderShipped, ctx: ProjectionContext) {
    const order = await ctx.model(Orders).get(orderId);
    if (order) ctx.model(Orders).put(orderId, { ...order, status: 'shipped' });
  }
}

@Controller('orders')
export class OrdersController {
  constructor(
    private readonly log: EventLog,
    private readonly models: ReadModels,
    private readonly projections: ProjectionManager,
  ) {}

  @Get()
  async list(@Query('status') status: string) {
    const { items } = await this.models.of(OrderList, Orders).find({ tags: [`status:${status}`], limit: 50 });
    return items.map(({ value }) => value);
  }

  @Get(':id')
  async one(@Param('id') id: string) {
    const order = await this.models.of(OrderList, Orders).get(id);
    if (!order) throw new NotFoundException();
    return order;
  }

  @Post(':id/ship')
  async ship(@Param('id') id: string) {
    const { position } = await this.log.append(`order-${id}`, [new OrderShipped(id)]);
    // Whoever is sent on to the list finds the order shipped there.
    await this.projections.waitFor(OrderList, position, { timeout: '2s' });
    return this.one(id);
  }
}

@Module({
  imports: [CatgaModule.forRoot()],
  controllers: [OrdersController],
  providers: [OrderList],
})
export class AppModule {}
