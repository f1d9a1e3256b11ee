// A node that works on one projection at a place that it shares with others, until it is told to stop on its standard input.
import 'reflect-metadata';
import {
  Event,
  EventLog,
  EventRegistry,
  On,
  Projection,
  ProjectionRuntime,
  resolveProjectionsOptions,
} from '@catga/core';
import { storeAt } from '../support/places.mjs';

const [place, lease, partitions] = process.argv.slice(2);

export class Counted {}
Event('counted')(Counted);

class Counter {
  // Slow and in several turns: a node is stopped in the middle of a batch more often than not.
  async counted(event, context) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    context.model().update(event.key, (old) => ({ n: (old?.n ?? 0) + 1, last: event.n }));
  }
}
On(Counted)(Counter.prototype, 'counted', Object.getOwnPropertyDescriptor(Counter.prototype, 'counted'));
Projection({ name: 'counter', batch: 10, partitions: Number(partitions) })(Counter);

const store = storeAt(JSON.parse(place));
await store.open();
const registry = new EventRegistry(store);
const runtime = new ProjectionRuntime({
  store,
  registry,
  log: new EventLog(store, registry),
  settings: resolveProjectionsOptions({ lease }),
  onWarning: (message) => console.log(`warning ${message}`),
});
runtime.register(Counter, new Counter());
await runtime.start();
console.log('ready');

process.stdin.once('data', async () => {
  await runtime.stop();
  await store.close();
  process.exit(0);
});
