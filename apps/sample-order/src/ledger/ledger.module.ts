import { Module } from '@nestjs/common';
import { InventoryModule } from '../inventory/inventory.module.js';
import { NotificationModule } from '../notification/notification.module.js';
import { PaymentModule } from '../payment/payment.module.js';
import { ShipmentModule } from '../shipment/shipment.module.js';
import { LedgerController } from './ledger.controller.js';

@Module({
  imports: [InventoryModule, PaymentModule, NotificationModule, ShipmentModule],
  controllers: [LedgerController],
})
export class LedgerModule {}
