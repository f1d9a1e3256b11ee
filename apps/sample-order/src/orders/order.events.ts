import { Event } from '@catga/core';
import type { OrderItem } from './order-item.js';

/** A customer has ordered. */
@Event('order-placed')
export class OrderPlaced {
  constructor(
    readonly orderId: string,
    readonly customerId: string,
    readonly country: string,
    readonly items: readonly OrderItem[],
    readonly amount: number,
  ) {}
}

/** It is paid and on its way. Says again what is needed to report revenue, so that nobody has to look it up. */
@Event('order-completed')
export class OrderCompleted {
  constructor(
    readonly orderId: string,
    readonly country: string,
    readonly amount: number,
    readonly paymentId: string,
    readonly shipmentId: string,
  ) {}
}

/** It came to nothing; whatever had been done for it is undone, or will be. */
@Event('order-cancelled')
export class OrderCancelled {
  constructor(readonly orderId: string) {}
}
