import { CommandHandler, type MessageContext } from '@catga/core';
import { randomUUID } from 'node:crypto';
import { Gateway } from '../gateway/gateway.js';
import { callKey } from '../ledger/call-key.js';
import { CreateShipment, type Shipment } from './create-shipment.command.js';
import { ShipmentLedger } from './shipment.ledger.js';

@CommandHandler(CreateShipment)
export class CreateShipmentHandler {
  constructor(
    private readonly gateway: Gateway,
    private readonly ledger: ShipmentLedger,
  ) {}

  async execute({ orderId, address, speed }: CreateShipment, context: MessageContext): Promise<Shipment> {
    const created = { kind: 'shipment', status: 'created', orderId, address, speed } as const;
    const { trackingNumber } = await this.gateway.call(context.signal, () =>
      this.ledger.once(callKey(context), () => ({ row: { ...created, trackingNumber: `PKG-${randomUUID()}` } })),
    );
    return { trackingNumber: trackingNumber as string };
  }
}
