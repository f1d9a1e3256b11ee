import { Module } from '@nestjs/common';
import {
  Aggregate,
  AggregateRepository,
  AggregateRoot,
  CatgaModule,
  Command,
  CommandHandler,
  everyEvents,
  InjectRepository,
  olderThan,
  On,
  type HandlerContext,
} from '@catga/core';
import { Order, OrderPlaced } from './order.example.js';

export class PayOrder extends Command {
  constructor(
    readonly orderId: string,
    readonly amount: number,
  ) {
    super();
  }
}

@CommandHandler(PayOrder)
export class PayOrderHandler {
  constructor(@InjectRepository(Order) private readonly orders: AggregateRepository<Order>) {}

  execute(command: PayOrder, context: HandlerContext): Promise<void> {
    return this.orders.update(command.orderId, (order) => order.pay(command.amount), { context });
  }
}

@Module({ imports: [CatgaModule.forFeature([Order])], providers: [PayOrderHandler] })
export class OrdersModule {}

@Aggregate('order', { snapshots: { when: everyEvents(100).or(olderThan('1d')), version: 1 } })
export class LongOrder extends AggregateRoot {
  total = 0;

  place(total: number): void {
    this.raise(new OrderPlaced(this.id, total));
  }

  @On(OrderPlaced)
  protected placed(event: OrderPlaced): void {
    this.total += event.total;
  }
}
