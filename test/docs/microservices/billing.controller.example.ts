import { Controller } from '@nestjs/common';
import { Ctx, EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { CatgaContext, type EventPatternOptions } from '@catga/core/microservices';

export interface Order {
  readonly id: string;
  readonly customerId: string;
  readonly amount: number;
}

@Controller()
export class BillingController {
  readonly invoices = new Map<string, Order>();
  readonly reminders: string[] = [];

  @EventPattern<string>('shop.order-placed')
  bill(@Payload() order: Order, @Ctx() context: CatgaContext): void {
    // The same id in every attempt: a second one finds that it was done.
    this.invoices.set(context.getMessageId(), order);
  }

  @EventPattern<string>('shop.order-placed', {
    subscription: 'reminders',
    concurrency: 4,
    maxAttempts: 10,
  } satisfies EventPatternOptions)
  async remind(@Payload() order: Order, @Ctx() context: CatgaContext): Promise<void> {
    this.reminders.push(`${order.id}, attempt ${context.getAttempt()}`);
  }

  @MessagePattern({ cmd: 'total' })
  total(customerId: string): number {
    const own = [...this.invoices.values()].filter((order) => order.customerId === customerId);
    return own.reduce((sum, { amount }) => sum + amount, 0);
  }
}
