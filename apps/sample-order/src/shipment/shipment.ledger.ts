import { Injectable } from '@nestjs/common';
import { Store } from '@catga/core';
import type { RowDetails } from '../ledger/ledger-row.js';
import { Ledger } from '../ledger/ledger.js';
import type { ShippingSpeed } from './create-shipment.command.js';

/** A row of the shipment ledger: a shipment or a cancellation. */
export interface ShipmentRow extends RowDetails {
  readonly kind: 'shipment' | 'cancellation';
  /** Of a shipment: `created` or, later, `cancelled`. Of a cancellation: `done` or `nothing-to-do`. */
  readonly status: 'created' | 'cancelled' | 'done' | 'nothing-to-do';
  readonly orderId: string;
  readonly address?: string;
  readonly speed?: ShippingSpeed;
  readonly trackingNumber?: string;
}

/** Every shipment and cancellation. */
@Injectable()
export class ShipmentLedger extends Ledger<ShipmentRow> {
  constructor(store: Store) {
    super(store, 'shipment');
  }
}
