import { CatgaModule, EventLog, ProjectionManager, type Store } from '@catga/core';
import type { Contestant, Figures } from '../contestant.js';
import { lineOf } from '../events/line-added.js';
import { bootContext } from '../nest.js';
import { orderTotals } from './order-totals.projection.js';
import { storeOf } from './stores.js';

/** Each order gets twenty lines, far apart. */
const LINES = 20;
const ORDERS = { memory: 5_000, sqlite: 2_000 };
const COMMIT = 500;

/** A new projection over a log that is there: from its start until it has everything. Boot is not counted. */
export default async function catchUp(variant: string): Promise<Contestant> {
  const store = storeOf(variant, 'catch-up');
  const events = ORDERS[variant as keyof typeof ORDERS] * LINES;
  const head = await fill(store, events);
  let number = 0;

  return {
    unit: events,
    async run(operations): Promise<Figures> {
      let elapsed = 0;
      for (let i = 0; i < operations; i++) elapsed += await once(store, `totals-${number++}`, head);
      return { rate: (events * operations) / (elapsed / 1e3) };
    },
  };
}

async function fill(store: Store, events: number): Promise<number> {
  const app = await bootContext({ imports: [CatgaModule.forRoot({ store, endpoints: false })] });
  const log = app.get(EventLog);
  const streams = events / LINES;
  let head = 0;
  for (let done = 0; done < events; done += COMMIT) {
    const appends = Array.from({ length: COMMIT }, (_, i) => {
      const stream = `order-${(done + i) % streams}`;
      return { stream, events: [lineOf(stream, done + i)] };
    });
    head = (await log.commit({ appends })).position;
  }
  await app.close();
  return head;
}

/** Milliseconds. */
async function once(store: Store, name: string, head: number): Promise<number> {
  const projection = orderTotals(name);
  const app = await bootContext({
    imports: [CatgaModule.forRoot({ store, projections: { autoStart: false }, endpoints: false })],
    providers: [projection],
  });
  const projections = app.get(ProjectionManager);
  const started = performance.now();
  await projections.start(projection);
  await projections.waitFor(projection, head, { timeout: '60s' });
  const elapsed = performance.now() - started;
  await app.close();
  return elapsed;
}
