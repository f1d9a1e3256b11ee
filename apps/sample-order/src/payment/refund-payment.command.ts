import { Command } from '@catga/core';

/** Gives back what was charged for an order. Nothing to do if nothing was. */
export class RefundPayment extends Command {
  constructor(readonly orderId: string) {
    super();
  }
}
