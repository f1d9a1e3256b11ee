import { Controller, Get, Injectable, Module, Param, Post } from '@nestjs/common';
import {
  CatgaModule,
  Command,
  CommandHandler,
  Event,
  EventDelivery,
  EventHandler,
  EventLog,
  Inbox,
  Mediator,
  MessageBus,
  MessageDeadLetterService,
  MessageName,
  Outbox,
  Remote,
  Subscribe,
  type HandlerContext,
} from '@catga/core';

@Event('shop.order-placed')
@EventDelivery<OrderPlaced>({ qos: 2, key: (event) => event.orderId })
export class OrderPlaced {
  constructor(
    readonly orderId: string,
    readonly amount: number,
  ) {}
}

@Event('billing.order-billed')
export class OrderBilled {
  constructor(readonly orderId: string) {}
}

export const mails: string[] = [];

@Subscribe('mails', { qos: 1, concurrency: 8, maxAttempts: 5, backoff: '1s' })
@EventHandler(OrderPlaced)
export class SendMail {
  async handle(event: OrderPlaced, context: HandlerContext) {
    mails.push(`${event.orderId}, attempt ${context.delivery?.attempt}`);
  }
}

@Subscribe('billing')
@EventHandler(OrderPlaced)
@Injectable()
export class BillOrder {
  constructor(
    private readonly log: EventLog,
    private readonly inbox: Inbox,
  ) {}

  async handle(event: OrderPlaced, context: HandlerContext) {
    const billed = new OrderBilled(event.orderId);
    await this.log.commit({
      appends: [{ stream: `bill-${event.orderId}`, expectedVersion: 'any', events: [billed] }],
      records: await this.inbox.entry(context), // the last thing before the commit
    });
  }
}

@MessageName('stock.reserve')
export class ReserveStock extends Command<{ reservationId: string }> {
  constructor(readonly item: string) {
    super();
  }
}

@Remote()
@CommandHandler(ReserveStock)
export class ReserveStockHandler {
  async execute({ item }: ReserveStock) {
    return { reservationId: `r-${item}` };
  }
}

@Controller('orders')
export class OrdersController {
  constructor(
    private readonly bus: MessageBus,
    private readonly outbox: Outbox,
    private readonly log: EventLog,
    private readonly mediator: Mediator,
    private readonly deadLetters: MessageDeadLetterService,
  ) {}

  @Post(':id')
  async place(@Param('id') id: string) {
    await this.bus.publish(new OrderPlaced(id, 10), { id: `order-placed-${id}` });
  }

  @Post(':id/with-outbox')
  async placeWithOutbox(@Param('id') id: string) {
    const placed = new OrderPlaced(id, 10);
    await this.log.commit({
      appends: [{ stream: `order-${id}`, expectedVersion: 'no-stream', events: [placed] }],
      records: await this.outbox.entries(placed, { id: `order-placed-${id}` }),
    });
  }

  @Post(':id/remind')
  async remind(@Param('id') id: string) {
    await this.outbox.publish(new OrderPlaced(id, 10), { delay: '50ms' });
  }

  @Post(':id/reserve')
  async reserve(@Param('id') id: string) {
    return this.mediator.send(new ReserveStock(id)); // here or on another node: the same line
  }

  @Get('failed')
  async failed() {
    const { letters } = await this.deadLetters.list({ subscription: 'billing', limit: 20 });
    return letters.map(({ id, error, attempts }) => ({ id, attempts, reason: error.message }));
  }

  @Post('failed/replay')
  async replay() {
    return { replayed: await this.deadLetters.replayAll('billing') };
  }
}

@Module({
  imports: [
    CatgaModule.forRoot({
      messaging: {
        qos: 1, // of events whose class says nothing
        requestTimeout: '10s', // of mediator.send to another node
        inbox: { keepFor: '7d', lease: '30s' },
        subscriptions: { mails: { concurrency: 2 } }, // overrides what @Subscribe says
      },
    }),
  ],
  providers: [SendMail, BillOrder, ReserveStockHandler],
  controllers: [OrdersController],
})
export class AppModule {}
