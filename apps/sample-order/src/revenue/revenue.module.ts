import { Module } from '@nestjs/common';
import { RevenueController } from './revenue.controller.js';
import { RevenueProjection } from './revenue.projection.js';

@Module({ controllers: [RevenueController], providers: [RevenueProjection] })
export class RevenueModule {}
