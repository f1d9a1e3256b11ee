import { CommandHandler, type MessageContext } from '@catga/core';
import { callKey } from '../ledger/call-key.js';
import type { Decision } from '../ledger/ledger.js';
import { InventoryLedger, type InventoryRow } from './inventory.ledger.js';
import { ReleaseInventory } from './release-inventory.command.js';
import { Stock } from './stock.js';

@CommandHandler(ReleaseInventory)
export class ReleaseInventoryHandler {
  constructor(
    private readonly ledger: InventoryLedger,
    private readonly stock: Stock,
  ) {}

  async execute({ orderId }: ReleaseInventory, context: MessageContext): Promise<void> {
    await this.ledger.once(callKey(context), () => this.release(orderId));
  }

  private async release(orderId: string): Promise<Decision<InventoryRow>> {
    const call = { kind: 'release', orderId } as const;
    const [reserved] = await this.ledger.standing(orderId, 'reserved');
    if (!reserved) return { row: { ...call, status: 'nothing-to-do' } };

    const { reservationId, items = {} } = reserved.row;
    const effects = [this.ledger.amend(reserved, { status: 'released' }), ...(await this.stock.putBack(items))];
    return { row: { ...call, status: 'done', items, ...(reservationId && { reservationId }) }, effects };
  }
}
