import { Command } from '@catga/core';
import { amountOf, type OrderItem } from './order-item.js';

/** What a completed order hands out. */
export interface OrderResult {
  readonly orderId: string;
  readonly amount: number;
  readonly inventoryId: string;
  readonly paymentId: string;
  readonly shipmentId: string;
}

/** Asks for an order to be carried out; starts the `OrderProcess`. */
export class CreateOrder extends Command<OrderResult> {
  /** Computed, never taken from the customer. */
  readonly amount: number;

  constructor(
    readonly orderId: string,
    readonly customerId: string,
    readonly address: string,
    readonly items: readonly OrderItem[],
  ) {
    super();
    this.amount = amountOf(items);
  }
}
