import { Injectable } from '@nestjs/common';
import { Store } from '@catga/core';
import type { RowDetails } from '../ledger/ledger-row.js';
import { Ledger } from '../ledger/ledger.js';

/** A row of the notification ledger. */
export interface NotificationRow extends RowDetails {
  /** A `receipt` is mailed when the order is completed. */
  readonly kind: 'notification' | 'receipt';
  readonly status: 'sent';
  readonly orderId: string;
  readonly customerId?: string;
  readonly subject: string;
  readonly notificationId: string;
}

/** Every notification. */
@Injectable()
export class NotificationLedger extends Ledger<NotificationRow> {
  constructor(store: Store) {
    super(store, 'notification');
  }
}
