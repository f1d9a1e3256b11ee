import { Aggregate, AggregateRoot, everyEvents, On } from '@catga/core';
import { LineAdded, lineOf } from './line-added.js';

abstract class OrderLines extends AggregateRoot {
  lines = 0;
  total = 0;

  add(): void {
    this.raise(lineOf(this.id, this.lines));
  }

  @On(LineAdded)
  protected onAdded(line: LineAdded): void {
    this.lines++;
    this.total += line.quantity * line.price;
  }
}

/** Loaded from all of its events. */
@Aggregate('order')
export class Order extends OrderLines {}

/** Loaded from its last snapshot and what came after it. */
@Aggregate('keptOrder', { snapshots: { when: everyEvents(50) } })
export class KeptOrder extends OrderLines {}
