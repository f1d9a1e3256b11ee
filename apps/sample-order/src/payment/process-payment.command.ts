import { Command } from '@catga/core';

/** What a charge hands out. */
export interface Payment {
  readonly transactionId: string;
}

/** Charges the customer's card. */
export class ProcessPayment extends Command<Payment> {
  constructor(
    readonly orderId: string,
    readonly amount: number,
  ) {
    super();
  }
}
