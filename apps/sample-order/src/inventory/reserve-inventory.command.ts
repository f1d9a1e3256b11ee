import { Command } from '@catga/core';
import type { OrderItem } from '../orders/order-item.js';

/** What a reservation hands out. */
export interface Reservation {
  readonly reservationId: string;
}

/** Takes the items of an order out of stock, all of them or none. */
export class ReserveInventory extends Command<Reservation> {
  constructor(
    readonly orderId: string,
    readonly items: readonly Pick<OrderItem, 'productId' | 'quantity'>[],
  ) {
    super();
  }
}
