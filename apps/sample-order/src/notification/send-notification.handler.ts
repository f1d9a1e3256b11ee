import { CommandHandler, type MessageContext } from '@catga/core';
import { randomUUID } from 'node:crypto';
import { Gateway } from '../gateway/gateway.js';
import { callKey } from '../ledger/call-key.js';
import { NotificationLedger } from './notification.ledger.js';
import { SendNotification, type Notification } from './send-notification.command.js';

@CommandHandler(SendNotification)
export class SendNotificationHandler {
  constructor(
    private readonly gateway: Gateway,
    private readonly ledger: NotificationLedger,
  ) {}

  async execute({ customerId, orderId, subject }: SendNotification, context: MessageContext): Promise<Notification> {
    const sent = { kind: 'notification', status: 'sent', orderId, customerId, subject } as const;
    const { notificationId } = await this.gateway.call(context.signal, () =>
      this.ledger.once(callKey(context), () => ({ row: { ...sent, notificationId: `MSG-${randomUUID()}` } })),
    );
    return { notificationId };
  }
}
