import { CatgaModule, Mediator } from '@catga/core';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { join } from 'node:path';
import { bootContext } from '../nest.js';
import type { Contestant, Figures } from '../contestant.js';
import { CountingStore } from './counting.store.js';
import { PlaceOrder, stepTimes, TimedOrderProcess } from './timed-order.process.js';

/** The interval of the histogram, milliseconds; it is part of each of its values and taken off. */
const RESOLUTION = 1;

/** Three-step processes on the embedded store with synchronous FULL, started by sending their command. */
export default async function processes(inFlight: string): Promise<Contestant> {
  const store = new CountingStore({
    path: join(process.env['BENCH_FOLDER'] as string, `processes-${inFlight}.db`),
    synchronous: 'full',
  });
  const app = await bootContext({
    imports: [CatgaModule.forRoot({ store, endpoints: false })],
    providers: [TimedOrderProcess],
  });
  const mediator = app.get(Mediator);
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION });
  let number = 0;

  return {
    close: () => app.close(),
    async run(operations): Promise<Figures> {
      store.commits = 0;
      stepTimes.length = 0;
      delay.reset();
      delay.enable();
      let left = operations;
      const customer = async (): Promise<void> => {
        while (left-- > 0) await mediator.send(new PlaceOrder(`order-${number++}`, number));
      };
      await Promise.all(Array.from({ length: Number(inFlight) }, customer));
      delay.disable();
      const times = Float64Array.from(stepTimes).sort();
      return {
        stepP50: quantile(times, 0.5),
        stepP99: quantile(times, 0.99),
        loopP99: delay.percentile(99) / 1e6 - RESOLUTION,
        commits: store.commits / operations,
      };
    },
  };
}

function quantile(sorted: Float64Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
