import { CatgaModule, EventLog, ProjectionManager } from '@catga/core';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Contestant, Figures } from '../contestant.js';
import { lineOf } from '../events/line-added.js';
import { quantile } from '../events/quantile.js';
import { bootContext } from '../nest.js';
import { orderTotals } from './order-totals.projection.js';
import { storeOf } from './stores.js';

/** Events a second, one in each append. */
const PACE = 2_000;
const TICK_MS = 5;
const STREAMS = 500;

/**
 * Appends at a steady pace while a projection follows. The lag of an event is the time from the answer of its append to
 * the moment when its read model has it, as who waits for it sees it: with the checkpoint committed.
 */
export default async function lag(variant: string): Promise<Contestant> {
  const projection = orderTotals('totals');
  const app = await bootContext({
    imports: [CatgaModule.forRoot({ store: storeOf(variant, 'lag'), endpoints: false })],
    providers: [projection],
  });
  const [log, projections] = [app.get(EventLog), app.get(ProjectionManager)];
  let number = 0;

  const appends: number[] = [];
  const one = async (): Promise<number> => {
    const called = performance.now();
    const stream = `order-${number++ % STREAMS}`;
    const { position } = await log.append(stream, [lineOf(stream, number)]);
    const answered = performance.now();
    appends.push(answered - called);
    await projections.waitFor(projection, position, { timeout: '30s' });
    return performance.now() - answered;
  };

  return {
    close: () => app.close(),
    async run(operations): Promise<Figures> {
      const waiting: Promise<number>[] = [];
      appends.length = 0;
      const started = performance.now();
      while (waiting.length < operations) {
        // By the clock: a tick that came late is made up for, as customers do not wait for each other.
        const due = Math.min(operations, Math.ceil(((performance.now() - started) * PACE) / 1e3));
        while (waiting.length < due) waiting.push(one());
        await sleep(TICK_MS);
      }
      const sent = (operations / (performance.now() - started)) * 1e3;
      const times = Float64Array.from(await Promise.all(waiting)).sort();
      return {
        p50: quantile(times, 0.5),
        p99: quantile(times, 0.99),
        append: quantile(Float64Array.from(appends).sort(), 0.99),
        pace: sent,
      };
    },
  };
}
