import { Command } from '@catga/core';

/** Puts the items of an order back into stock. Nothing to do if they were never taken. */
export class ReleaseInventory extends Command {
  constructor(readonly orderId: string) {
    super();
  }
}
