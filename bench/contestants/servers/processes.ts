import { CatgaModule, Mediator } from '@catga/core';
import type { Contestant } from '../contestant.js';
import { OrderProcess, PlaceOrder } from '../memory/order.process.js';
import { bootContext } from '../nest.js';
import { ratesOf } from './levels.js';
import { storeOf } from './stores.js';

/** 500 in flight need time: for the last of them fewer are under way. */
const LEVELS = [
  { inFlight: 1, milliseconds: 150 },
  { inFlight: 50, milliseconds: 200 },
  { inFlight: 500, milliseconds: 400 },
];

/** Three-step processes, started by sending their command; each is answered when its end is stored. */
export default async function processes(variant: string): Promise<Contestant> {
  const store = storeOf(variant, `processes-${process.pid}`);
  const app = await bootContext({
    imports: [CatgaModule.forRoot({ store, endpoints: false })],
    providers: [OrderProcess],
  });
  const mediator = app.get(Mediator);
  let number = 0;

  return {
    // One at a time is a few hundred a second: in less time the compiler has seen too few of them.
    warmUp: 3_000,
    close: () => app.close(),
    run: () => ratesOf(LEVELS, () => mediator.send(new PlaceOrder(`order-${number++}`, number))),
  };
}
