import { Injectable } from '@nestjs/common';
import { Aggregate, AggregateRoot, Event, On, TimeTravel, type Moment } from '@catga/core';
import { inspect } from 'node:util';

export interface OrderLine {
  readonly product: string;
  readonly quantity: number;
}

@Event('line-added')
export class LineAdded {
  constructor(readonly line: OrderLine) {}
}

@Event('quantity-changed')
export class QuantityChanged {
  constructor(
    readonly product: string,
    readonly quantity: number,
  ) {}
}

@Event('order-paid')
export class OrderPaid {
  constructor(readonly paidAt: Date) {}
}

@Aggregate('order')
export class Order extends AggregateRoot {
  lines: readonly OrderLine[] = [];
  paidAt?: Date;

  add(product: string, quantity: number): void {
    this.raise(new LineAdded({ product, quantity }));
  }

  change(product: string, quantity: number): void {
    this.raise(new QuantityChanged(product, quantity));
  }

  pay(paidAt: Date): void {
    this.raise(new OrderPaid(paidAt));
  }

  @On(LineAdded)
  protected added({ line }: LineAdded): void {
    this.lines = [...this.lines, line];
  }

  @On(QuantityChanged)
  protected changed({ product, quantity }: QuantityChanged): void {
    this.lines = this.lines.map((line) => (line.product === product ? { product, quantity } : line));
  }

  @On(OrderPaid)
  protected paid({ paidAt }: OrderPaid): void {
    this.paidAt = paidAt;
  }
}

@Injectable()
export class OrderHistory {
  constructor(private readonly timeTravel: TimeTravel) {}

  // As of a version, { version: 3 }, or of a time, { at: new Date('2026-05-01') }
  async linesAt(id: string, moment: Moment): Promise<readonly OrderLine[]> {
    const { state } = await this.timeTravel.stateAt(Order, id, moment); // and view, version, at
    return state.lines;
  }

  // What changed between two moments
  async changes(id: string, from: Moment, to: Moment): Promise<string[]> {
    const changes = await this.timeTravel.diff(Order, id, from, to);
    return changes.map(({ path, kind, before, after }) => `${path} ${kind}: ${inspect(before)} -> ${inspect(after)}`);
    // lines[0].quantity changed: 2 -> 5
    // paidAt added: undefined -> 2026-05-01T10:00:00.000Z
  }

  // Every event: who, when, why, and what it changed
  async log(id: string): Promise<string[]> {
    const entries = await this.timeTravel.audit(Order, id);
    return entries.map(({ version, at, type, user, correlationId, changes }) => {
      const paths = changes.map(({ path }) => path).join(', ');
      return `${version} ${new Date(at).toISOString()} ${type} by ${user} because of ${correlationId}: ${paths}`;
    });
  }
}
