import { nextTurn, type Contestant } from '../contestant.js';
import { OrderProcess, PlaceOrder } from './order.process.js';

/** The floor: the same class, called directly. Nothing is recorded. */
export default async function bare(): Promise<Contestant> {
  const process = new OrderProcess();
  let number = 0;
  return {
    async run(operations) {
      for (let i = 0; i < operations; i++) {
        await process.execute(new PlaceOrder(`order-${number++}`, i));
        if (i % 100 === 99) await nextTurn();
      }
    },
  };
}
