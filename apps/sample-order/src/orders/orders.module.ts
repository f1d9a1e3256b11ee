import { Module } from '@nestjs/common';
import { OrderProcess } from './order.process.js';
import { OrdersController } from './orders.controller.js';

@Module({ controllers: [OrdersController], providers: [OrderProcess] })
export class OrdersModule {}
