import { Command } from '@catga/core';

/** How fast a parcel travels. */
export type ShippingSpeed = 'standard' | 'express';

/** What a shipment hands out. */
export interface Shipment {
  readonly trackingNumber: string;
}

/** Hands the parcel of an order to the carrier. */
export class CreateShipment extends Command<Shipment> {
  constructor(
    readonly orderId: string,
    readonly address: string,
    readonly speed: ShippingSpeed,
  ) {
    super();
  }
}
