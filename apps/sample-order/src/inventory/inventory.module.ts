import { Module } from '@nestjs/common';
import { InventoryController } from './inventory.controller.js';
import { InventoryLedger } from './inventory.ledger.js';
import { ReleaseInventoryHandler } from './release-inventory.handler.js';
import { ReserveInventoryHandler } from './reserve-inventory.handler.js';
import { StockKeeper } from './stock-keeper.js';
import { Stock } from './stock.js';
import { StockLedger } from './stock.ledger.js';

@Module({
  controllers: [InventoryController],
  providers: [Stock, StockKeeper, StockLedger, InventoryLedger, ReserveInventoryHandler, ReleaseInventoryHandler],
  exports: [InventoryLedger, StockLedger],
})
export class InventoryModule {}
