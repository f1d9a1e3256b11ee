import { nextTurn, type Contestant } from '../contestant.js';
import { OrderProcess, PlaceOrder } from './order.process.js';

/** As many as the engine keeps by default. */
const KEPT = 10_000;

let now = Date.now();

/** The journal of one run: kind, time and value of each event, one after the other. */
class Journal {
  readonly events: unknown[];
  private step = '';
  constructor(command: object) {
    this.events = ['started', now, command];
  }
  begin(step: string, args: unknown[]): void {
    this.step = step;
    this.events.push(step, now, args);
  }
  readonly end = (value: number): number => {
    this.events.push(this.step, now, value);
    return value;
  };
}

/** The steps written down by hand: no retry, no time-out, no cancellation, no failure, no query, one process only. */
class Recorded {
  constructor(
    private readonly original: OrderProcess,
    private readonly journal: Journal,
  ) {}
  async execute(order: PlaceOrder): Promise<number> {
    const reserved = await this.reserve(order.orderId);
    const paid = await this.pay(reserved, order.amount);
    return await this.ship(order.orderId, paid);
  }
  private reserve(orderId: string): Promise<number> {
    this.journal.begin('reserve', [orderId]);
    return this.original['reserve'](orderId).then(this.journal.end);
  }
  private pay(reserved: number, amount: number): Promise<number> {
    this.journal.begin('pay', [reserved, amount]);
    return this.original['pay'](reserved, amount).then(this.journal.end);
  }
  private ship(orderId: string, paid: number): Promise<number> {
    this.journal.begin('ship', [orderId, paid]);
    return this.original['ship'](orderId, paid).then(this.journal.end);
  }
}

/**
 * What anybody would write first: the same three steps in a list, found by the id of the order, the last 10,000 kept.
 * Shows what keeping histories costs on this machine without any engine.
 */
export default async function byHand(): Promise<Contestant> {
  const original = new OrderProcess();
  const kept = new Map<string, readonly unknown[]>();
  const run = (command: PlaceOrder): Promise<number> => {
    const id = `OrderProcess:${command.orderId}`;
    if (kept.has(id)) throw new Error(`${id} exists`);
    const journal = new Journal(command);
    kept.set(id, journal.events);
    return new Recorded(original, journal).execute(command).then((value) => {
      journal.events.push('completed', now, value);
      if (kept.size > KEPT) kept.delete(kept.keys().next().value as string);
      return value;
    });
  };
  let number = 0;
  return {
    async run(operations) {
      for (let i = 0; i < operations; i++) {
        await run(new PlaceOrder(`order-${number++}`, i));
        if (i % 100 !== 99) continue;
        await nextTurn();
        now = Date.now();
      }
    },
  };
}
