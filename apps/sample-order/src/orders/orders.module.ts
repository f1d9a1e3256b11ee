import { CatgaModule } from '@catga/core';
import { Module } from '@nestjs/common';
import { Order } from './order.aggregate.js';
import { OrderListProjection } from './order-list.projection.js';
import { OrderProcess } from './order.process.js';
import { OrdersController } from './orders.controller.js';
import { CancelOrderHandler, CompleteOrderHandler, PlaceOrderHandler } from './record-order.handlers.js';

@Module({
  imports: [CatgaModule.forFeature([Order])],
  controllers: [OrdersController],
  providers: [OrderProcess, PlaceOrderHandler, CompleteOrderHandler, CancelOrderHandler, OrderListProjection],
})
export class OrdersModule {}
