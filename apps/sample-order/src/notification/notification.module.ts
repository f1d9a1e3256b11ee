import { Module } from '@nestjs/common';
import { GatewayModule } from '../gateway/gateway.module.js';
import { NotificationLedger } from './notification.ledger.js';
import { SendNotificationHandler } from './send-notification.handler.js';

@Module({
  imports: [GatewayModule],
  providers: [NotificationLedger, SendNotificationHandler],
  exports: [NotificationLedger],
})
export class NotificationModule {}
