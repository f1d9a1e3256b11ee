import { CommandHandler, type MessageContext } from '@catga/core';
import { Gateway } from '../gateway/gateway.js';
import { callKey } from '../ledger/call-key.js';
import type { Decision } from '../ledger/ledger.js';
import { CancelShipment } from './cancel-shipment.command.js';
import { ShipmentLedger, type ShipmentRow } from './shipment.ledger.js';

@CommandHandler(CancelShipment)
export class CancelShipmentHandler {
  constructor(
    private readonly gateway: Gateway,
    private readonly ledger: ShipmentLedger,
  ) {}

  async execute({ orderId }: CancelShipment, context: MessageContext): Promise<void> {
    await this.gateway.call(context.signal, () => this.ledger.once(callKey(context), () => this.cancel(orderId)));
  }

  private async cancel(orderId: string): Promise<Decision<ShipmentRow>> {
    const call = { kind: 'cancellation', orderId } as const;
    const [shipment] = await this.ledger.standing(orderId, 'created');
    if (!shipment) return { row: { ...call, status: 'nothing-to-do' } };

    const { trackingNumber } = shipment.row;
    return {
      row: { ...call, status: 'done', ...(trackingNumber && { trackingNumber }) },
      effects: [this.ledger.amend(shipment, { status: 'cancelled' })],
    };
  }
}
