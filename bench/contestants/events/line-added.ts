import { Event } from '@catga/core';

/** The event that everybody keeps. */
@Event(LineAdded.type)
export class LineAdded {
  static readonly type = 'line-added';
  constructor(
    readonly orderId: string,
    readonly sku: string,
    readonly quantity: number,
    readonly price: number,
  ) {}
}

/** A new one each time, as a request would bring it. */
export const lineOf = (orderId: string, number: number): LineAdded =>
  new LineAdded(orderId, 'sku-4711', (number % 5) + 1, (number % 100) + 0.5);

/** What everybody folds. */
export interface OrderState {
  readonly lines: number;
  readonly total: number;
}

export const noLines: OrderState = { lines: 0, total: 0 };

export const withLine = (state: OrderState, line: LineAdded): OrderState => ({
  lines: state.lines + 1,
  total: state.total + line.quantity * line.price,
});
