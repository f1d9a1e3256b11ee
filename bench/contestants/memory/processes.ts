import { CatgaModule, Mediator, type CatgaModuleOptions } from '@catga/core';
import { bootContext } from '../nest.js';
import { nextTurn, type Contestant } from '../contestant.js';
import { OrderProcess, PlaceOrder } from './order.process.js';

/** Kept for ever: more than any run of the benchmark makes. */
const ALL = 100_000_000;

const VARIANTS: Record<string, { readonly options: CatgaModuleOptions; readonly inFlight: number }> = {
  reference: { options: {}, inFlight: 1 },
  'reference-100': { options: {}, inFlight: 100 },
  'reference-all': { options: { processes: { retention: { count: ALL } } }, inFlight: 1 },
  'reference-few': { options: { processes: { retention: { count: 100 } } }, inFlight: 1 },
  copy: { options: { store: { mode: 'copy' } }, inFlight: 1 },
};

/** Three-step processes in memory, started by sending their command. */
export default async function processes(variant: string): Promise<Contestant> {
  const { options, inFlight } = VARIANTS[variant] as (typeof VARIANTS)[string];
  const app = await bootContext({
    imports: [CatgaModule.forRoot({ ...options, endpoints: false })],
    providers: [OrderProcess],
  });
  const mediator = app.get(Mediator);
  let number = 0;
  const one = async (operations: number): Promise<void> => {
    for (let i = 0; i < operations; i++) {
      await mediator.send(new PlaceOrder(`order-${number++}`, i));
      if (i % 100 === 99) await nextTurn();
    }
  };
  const many = async (operations: number): Promise<void> => {
    for (let done = 0; done < operations; done += inFlight) {
      await Promise.all(
        Array.from({ length: inFlight }, (_, i) => mediator.send(new PlaceOrder(`order-${number++}`, i))),
      );
      await nextTurn();
    }
  };
  return { close: () => app.close(), run: inFlight === 1 ? one : many };
}
