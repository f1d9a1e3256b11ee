import { CatgaProcess, Command } from '@catga/core';

/** Starts a {@link TimedOrderProcess}. */
export class PlaceOrder extends Command<number> {
  constructor(
    readonly orderId: string,
    readonly amount: number,
  ) {
    super();
  }
}

/**
 * Milliseconds of each step, from its call in `execute` to its result there: with a body that does nothing, that is one
 * durable write (the end of the step before it and its own start) and the way there and back.
 */
export const stepTimes: number[] = [];

/** Three steps that do nothing but are timed. */
@CatgaProcess(PlaceOrder)
export class TimedOrderProcess {
  async execute(order: PlaceOrder): Promise<number> {
    let called = performance.now();
    const reserved = await this.reserve(order.orderId);
    stepTimes.push(performance.now() - called);
    called = performance.now();
    const paid = await this.pay(reserved, order.amount);
    stepTimes.push(performance.now() - called);
    called = performance.now();
    const shipped = await this.ship(order.orderId, paid);
    stepTimes.push(performance.now() - called);
    return shipped;
  }

  private async reserve(orderId: string): Promise<number> {
    return orderId.length;
  }
  private async pay(reserved: number, amount: number): Promise<number> {
    return reserved + amount;
  }
  private async ship(orderId: string, paid: number): Promise<number> {
    return orderId.length + paid;
  }
}
