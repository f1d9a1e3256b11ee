import { CatgaProcess, Command } from '@catga/core';

/** Starts an {@link OrderProcess}. */
export class PlaceOrder extends Command<number> {
  constructor(
    readonly orderId: string,
    readonly amount: number,
  ) {
    super();
  }
}

/** Three steps that do nothing, so that what is left is the engine. */
@CatgaProcess(PlaceOrder)
export class OrderProcess {
  async execute(order: PlaceOrder): Promise<number> {
    const reserved = await this.reserve(order.orderId);
    const paid = await this.pay(reserved, order.amount);
    return await this.ship(order.orderId, paid);
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
