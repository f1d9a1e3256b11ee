import { Injectable } from '@nestjs/common';
import { Store } from '@catga/core';
import type { RowDetails } from '../ledger/ledger-row.js';
import { Ledger } from '../ledger/ledger.js';

/** A row of the stock ledger: pieces that came in, or were found missing, apart from orders. */
export interface StockRow extends RowDetails {
  /** `count` sets a quantity, `restock` adds to it. */
  readonly kind: 'count' | 'restock';
  readonly status: 'done';
  readonly productId: number;
  /** Pieces added; negative when a count found fewer. */
  readonly change: number;
  /** Pieces in stock afterwards. */
  readonly quantity: number;
}

/** Every change of stock that no order made. With the inventory ledger it explains every piece. */
@Injectable()
export class StockLedger extends Ledger<StockRow> {
  constructor(store: Store) {
    super(store, 'stock');
  }
}
