import { CommandHandler, DomainError, type MessageContext } from '@catga/core';
import { randomUUID } from 'node:crypto';
import { callKey } from '../ledger/call-key.js';
import type { Decision } from '../ledger/ledger.js';
import { InventoryLedger, type InventoryRow } from './inventory.ledger.js';
import { quantitiesOf } from './quantities.js';
import { ReserveInventory, type Reservation } from './reserve-inventory.command.js';
import { Stock } from './stock.js';

@CommandHandler(ReserveInventory)
export class ReserveInventoryHandler {
  constructor(
    private readonly ledger: InventoryLedger,
    private readonly stock: Stock,
  ) {}

  /** @throws {DomainError} `OUT_OF_STOCK`, `UNKNOWN_PRODUCT` */
  async execute(command: ReserveInventory, context: MessageContext): Promise<Reservation> {
    const row = await this.ledger.once(callKey(context), () => this.reserve(command));
    if (row.reason) throw new DomainError(row.reason.message, { code: row.reason.code });
    return { reservationId: row.reservationId as string };
  }

  private async reserve({ orderId, items }: ReserveInventory): Promise<Decision<InventoryRow>> {
    const pieces = quantitiesOf(items);
    const call = { kind: 'reservation', orderId, items: pieces } as const;
    try {
      const effects = await this.stock.take(pieces);
      return { row: { ...call, status: 'reserved', reservationId: `RSV-${randomUUID()}` }, effects };
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      // A refusal is an answer like any other: it goes on record, and a repetition hears the same.
      return { row: { ...call, status: 'refused', reason: { code: error.code, message: error.message } } };
    }
  }
}
