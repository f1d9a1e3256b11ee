import { Command } from '@catga/core';

/** Calls the parcel of an order back. Nothing to do if there is none. */
export class CancelShipment extends Command {
  constructor(readonly orderId: string) {
    super();
  }
}
