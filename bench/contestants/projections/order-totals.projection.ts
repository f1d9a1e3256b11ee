import { On, Projection, readModel, type ProjectionContext } from '@catga/core';
import { LineAdded } from '../events/line-added.js';

interface Totals {
  readonly lines: number;
  readonly total: number;
}

const NONE: Totals = { lines: 0, total: 0 };

/**
 * What each order has come to. A class of its own for each name: a projection that nobody has seen yet starts at the
 * beginning of the log.
 */
export function orderTotals(name: string): new () => object {
  const Orders = readModel<Totals>(name);

  @Projection({ name, models: [Orders] })
  class OrderTotals {
    @On(LineAdded)
    added(line: LineAdded, ctx: ProjectionContext): void {
      ctx.model(Orders).update(line.orderId, ({ lines, total } = NONE) => ({
        lines: lines + 1,
        total: total + line.quantity * line.price,
      }));
    }
  }
  return OrderTotals;
}
