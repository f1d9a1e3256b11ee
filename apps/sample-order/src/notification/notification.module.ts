import { Module } from '@nestjs/common';
import { GatewayModule } from '../gateway/gateway.module.js';
import { MailReceiptHandler } from './mail-receipt.handler.js';
import { NotificationLedger } from './notification.ledger.js';
import { SendNotificationHandler } from './send-notification.handler.js';

@Module({
  imports: [GatewayModule],
  providers: [NotificationLedger, SendNotificationHandler, MailReceiptHandler],
  exports: [NotificationLedger],
})
export class NotificationModule {}
