import { EventHandler, Subscribe, type MessageContext } from '@catga/core';
import { randomUUID } from 'node:crypto';
import { callKey } from '../ledger/call-key.js';
import { OrderCompleted } from '../orders/order.events.js';
import { NotificationLedger } from './notification.ledger.js';

/**
 * Mails a receipt when an order is completed, on whichever node is free. The event comes through the transport, out of
 * the outbox that it was put into when it was appended (see app.module.ts); it may come twice, the receipt is one.
 */
@Subscribe('receipts', { qos: 2 })
@EventHandler(OrderCompleted)
export class MailReceiptHandler {
  constructor(private readonly ledger: NotificationLedger) {}

  async handle({ orderId }: OrderCompleted, context: MessageContext): Promise<void> {
    const sent = { kind: 'receipt', status: 'sent', orderId, subject: 'completed' } as const;
    await this.ledger.once(callKey(context), () => ({ row: { ...sent, notificationId: `MSG-${randomUUID()}` } }));
  }
}
