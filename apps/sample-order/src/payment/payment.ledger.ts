import { Injectable } from '@nestjs/common';
import { Store } from '@catga/core';
import type { RowDetails } from '../ledger/ledger-row.js';
import { Ledger } from '../ledger/ledger.js';

/** A row of the payment ledger: a charge or a refund. */
export interface PaymentRow extends RowDetails {
  readonly kind: 'charge' | 'refund';
  /** Of a charge: `charged`, `declined` or, later, `refunded`. Of a refund: `done` or `nothing-to-do`. */
  readonly status: 'charged' | 'declined' | 'refunded' | 'done' | 'nothing-to-do';
  readonly orderId: string;
  readonly amount: number;
  readonly transactionId?: string;
}

/** Every charge and refund. */
@Injectable()
export class PaymentLedger extends Ledger<PaymentRow> {
  constructor(store: Store) {
    super(store, 'payment');
  }
}
