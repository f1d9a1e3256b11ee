import { Injectable } from '@nestjs/common';
import { Store } from '@catga/core';
import type { RowDetails } from '../ledger/ledger-row.js';
import { Ledger } from '../ledger/ledger.js';
import type { Quantities } from './quantities.js';

/** A row of the inventory ledger: a reservation or a release. */
export interface InventoryRow extends RowDetails {
  readonly kind: 'reservation' | 'release';
  /** Of a reservation: `reserved`, `refused` or, later, `released`. Of a release: `done` or `nothing-to-do`. */
  readonly status: 'reserved' | 'refused' | 'released' | 'done' | 'nothing-to-do';
  readonly orderId: string;
  readonly reservationId?: string;
  /** Pieces by product. */
  readonly items?: Quantities;
  /** Why it was refused. */
  readonly reason?: { readonly code: string; readonly message: string };
}

/** Every reservation and release. */
@Injectable()
export class InventoryLedger extends Ledger<InventoryRow> {
  constructor(store: Store) {
    super(store, 'inventory');
  }
}
