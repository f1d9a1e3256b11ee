import { CatgaModule, Mediator } from '@catga/core';
import { bootContext } from '../nest.js';
import type { Contestant } from '../contestant.js';
import { OrderProcess, PlaceOrder } from './order.process.js';

const KEPT = 20_000;

/** What a finished three-step process keeps of memory: heap after a collection, with 20,000 of them and without. */
export default async function keptBytes(mode: string): Promise<Contestant> {
  let number = 0;
  return {
    async run() {
      const app = await bootContext({
        imports: [
          CatgaModule.forRoot({
            store: { mode: mode as 'reference' | 'copy' },
            processes: { retention: { count: KEPT } },
            endpoints: false,
          }),
        ],
        providers: [OrderProcess],
      });
      const mediator = app.get(Mediator);
      // So that nothing but the kept processes grows in between.
      for (let i = 0; i < 2_000; i++) await mediator.send(new PlaceOrder(`warm-up-${number++}`, i));
      const before = usedMemory();
      for (let i = 0; i < KEPT - 2_000; i++) await mediator.send(new PlaceOrder(`order-${number++}`, i));
      const bytes = (usedMemory() - before) / (KEPT - 2_000);
      await app.close();
      return { bytes };
    },
  };
}

function usedMemory(): number {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
