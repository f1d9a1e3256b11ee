import { Module } from '@nestjs/common';
import { GatewayModule } from '../gateway/gateway.module.js';
import { CancelShipmentHandler } from './cancel-shipment.handler.js';
import { CreateShipmentHandler } from './create-shipment.handler.js';
import { ShipmentLedger } from './shipment.ledger.js';

@Module({
  imports: [GatewayModule],
  providers: [ShipmentLedger, CreateShipmentHandler, CancelShipmentHandler],
  exports: [ShipmentLedger],
})
export class ShipmentModule {}
