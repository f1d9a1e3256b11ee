import { On, Projection, readModel, type ProjectionContext } from '@catga/core';
import { OrderCompleted } from '../orders/order.events.js';

/** What the completed orders of a country come to. */
export interface CountryRevenue {
  readonly country: string;
  readonly orders: number;
  /** In cents: sums of fractions would depend on the order in which they are added. */
  readonly cents: number;
}

/** One value for each country. */
export const Revenue = readModel<CountryRevenue>('revenue');

/** Keeps {@link Revenue}. */
@Projection({ name: 'revenue-by-country', models: [Revenue] })
export class RevenueProjection {
  @On(OrderCompleted)
  completed({ country, amount }: OrderCompleted, context: ProjectionContext): void {
    context.model(Revenue).update(country, (sum) => ({
      country,
      orders: (sum?.orders ?? 0) + 1,
      cents: (sum?.cents ?? 0) + Math.round(amount * 100),
    }));
  }
}
