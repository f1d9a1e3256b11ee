import { Command } from '@catga/core';
import type { Purchase } from './order.aggregate.js';

/** Writes down that a customer has ordered. */
export class PlaceOrder extends Command {
  constructor(
    readonly orderId: string,
    readonly purchase: Purchase,
  ) {
    super();
  }
}

/** Writes down that it is paid and on its way. */
export class CompleteOrder extends Command {
  constructor(
    readonly orderId: string,
    readonly paymentId: string,
    readonly shipmentId: string,
  ) {
    super();
  }
}

/** Writes down that it came to nothing. */
export class CancelOrder extends Command {
  constructor(readonly orderId: string) {
    super();
  }
}
