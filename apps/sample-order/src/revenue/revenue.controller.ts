import { ReadModels } from '@catga/core';
import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Revenue, RevenueProjection } from './revenue.projection.js';

/** More countries than there are. */
const ALL = 1_000;

/** A country as `GET /revenue` tells it. */
interface RevenueView {
  readonly country: string;
  readonly orders: number;
  readonly revenue: number;
}

@ApiTags('revenue')
@Controller('revenue')
export class RevenueController {
  constructor(private readonly models: ReadModels) {}

  @Get()
  @ApiOperation({ summary: 'Completed orders and what they come to by country, the most first' })
  async byCountry(): Promise<RevenueView[]> {
    const { items } = await this.models.of(RevenueProjection, Revenue).find({ limit: ALL });
    return items
      .map(({ value: { country, orders, cents } }) => ({ country, orders, revenue: cents / 100 }))
      .sort((a, b) => b.revenue - a.revenue || (a.country < b.country ? -1 : 1));
  }
}
