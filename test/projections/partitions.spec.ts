import {
  Event,
  EventLog,
  EventRegistry,
  On,
  Projection,
  ProjectionRuntime,
  resolveProjectionsOptions,
  type ProjectionContext,
} from '@catga/core';
import { removePlace, serverPlaces, SQLITE } from '../support/new-place.js';
import { storeAt } from '../support/places.mjs';

@Event('partitioned')
class Partitioned {
  constructor(readonly key: string) {}
}

@Projection({ name: 'spread', partitions: 4 })
class Spread {
  @On(Partitioned)
  taken({ key }: Partitioned, ctx: ProjectionContext) {
    ctx.model<number>().update(key, (old) => (old ?? 0) + 1);
  }
}

describe.each([SQLITE, ...serverPlaces()])('the partitions of a projection on $name', ({ create }) => {
  it('are spread over the nodes that there are, and taken over from one that leaves', async () => {
    const place = create();
    const start = async () => {
      const store = storeAt(place);
      await store.open();
      const registry = new EventRegistry(store);
      const log = new EventLog(store, registry);
      const settings = resolveProjectionsOptions({ lease: '600ms' });
      const runtime = new ProjectionRuntime({ store, registry, log, settings });
      runtime.register(Spread, new Spread());
      await runtime.start();
      return { store, log, runtime };
    };
    const first = await start();
    /** How many partitions each owner has, and how many have none. */
    const owners = async (): Promise<string> => {
      const counts = new Map<string, number>();
      const { partitions } = await first.runtime.projections.status(Spread);
      for (const { owner = 'nobody' } of partitions) counts.set(owner, (counts.get(owner) ?? 0) + 1);
      return [...counts.entries()]
        .map(([owner, count]) => (owner === 'nobody' ? 'nobody' : count))
        .sort((a, b) => (String(a) < String(b) ? -1 : 1))
        .join(' and ');
    };
    const until = async (wanted: string): Promise<void> => {
      for (const end = Date.now() + 15_000; (await owners()) !== wanted;) {
        if (Date.now() > end) throw new Error(`Waited for ${wanted}, it is ${await owners()}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    const append = async (times: number): Promise<void> => {
      const events = Array.from({ length: 10 }, (_, n) => ({ stream: `s-${n}`, events: [new Partitioned(`${n}`)] }));
      for (let n = 0; n < times; n++) {
        const { position } = await first.log.commit({ appends: events });
        if (n === times - 1) await first.runtime.projections.waitFor(Spread, position, { timeout: '15s' });
      }
    };
    await until('4');
    await append(3);
    const second = await start();
    await until('2 and 2');
    await append(3);
    await second.runtime.stop();
    await second.store.close();
    await until('4');
    await append(3);
    const { items } = await first.runtime.readModels.of<number>(Spread).find();
    expect(items.map(({ value }) => value)).toEqual(Array.from({ length: 10 }, () => 9));
    await first.runtime.stop();
    await first.store.close();
    await removePlace(place);
  });
});
