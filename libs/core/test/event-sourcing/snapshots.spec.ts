import { jest } from '@jest/globals';
import {
  Aggregate,
  AggregateRoot,
  defineDecider,
  everyEvents,
  largerThan,
  On,
  SnapshotStrategy,
  type MemoryStoreOptions,
  type SnapshotWriterOptions,
} from '@catga/core';
import { AddToCart, cart, ItemAdded, Order, SnapOrder } from './support/orders.js';
import { repositoriesOn, WatchedStore } from './support/repositories.js';

const start = (options?: SnapshotWriterOptions, mode: MemoryStoreOptions = { mode: 'copy' }) => {
  const store = new WatchedStore(mode);
  const world = repositoriesOn(store, options);
  return { ...world, store, orders: world.aggregates.repository(SnapOrder) };
};

/** Saves that many events of one aggregate, one by one. */
async function fill(world: ReturnType<typeof start>, count: number, id = '1'): Promise<void> {
  for (let at = 0; at < count; at++) {
    await world.orders.updateOrCreate(id, (order) => order.add('book', 1));
    await world.settled();
  }
}

/** The state by the events alone. */
async function truth(world: ReturnType<typeof start>, id = '1'): Promise<unknown> {
  const order = new SnapOrder(id);
  order.loadFromHistory((await world.log.read(world.orders.streamOf(id))).map(({ event }) => event));
  return order.toSnapshot();
}

const snapshotOf = async (world: ReturnType<typeof start>, id = '1') => {
  const record = await world.store.getRecord('snapshots', world.orders.streamOf(id));
  return record === undefined ? undefined : (JSON.parse(record.value as string) as { version: number });
};

const putSnapshot = (world: ReturnType<typeof start>, value: unknown) =>
  world.store.commit({ records: [{ collection: 'snapshots', key: 'snapOrder-1', value }] });

describe('snapshots', () => {
  it('are written every so many events, and loads begin with them', async () => {
    const world = start();
    await fill(world, 4);
    expect(await snapshotOf(world)).toBeUndefined();
    await fill(world, 9);
    expect(await snapshotOf(world)).toMatchObject({ version: 10 });
    world.store.eventsRead = 0;
    const loaded = await world.orders.load('1');
    // The event of the snapshot's own version is read as well, to see that they belong together.
    expect(world.store.eventsRead).toBe(4);
    expect(loaded.version).toBe(13);
    expect(loaded.toSnapshot()).toEqual(await truth(world));
    expect(world.snapshots.metrics.figures()).toMatchObject({ written: 2, failed: 0, dropped: 0 });
    expect(world.warnings).toEqual([]);
  });

  it.each([['copy'], ['reference']] as const)(
    'hold the state as it was saved, whatever becomes of the object afterwards (%s)',
    async (mode) => {
      const world = start(undefined, { mode });
      const order = new SnapOrder('1');
      for (let count = 0; count < 5; count++) order.add('book', 1);
      const saving = world.orders.save(order);
      await saving;
      // Before the snapshot could be written: it must have been taken by now.
      order.add('book', 100);
      await world.settled();
      expect(await snapshotOf(world)).toMatchObject({ version: 5, state: { lines: [{ sku: 'book', quantity: 5 }] } });
      expect((await world.orders.load('1')).total).toBe(5);
      await world.orders.save(order);
      expect((await world.orders.load('1')).total).toBe(105);
    },
  );

  it('are not written of a state with events that are not stored yet', async () => {
    const world = start();
    const order = new SnapOrder('1');
    for (let count = 0; count < 5; count++) order.add('book', 1);
    const saving = world.orders.save(order);
    order.add('book', 100);
    await saving;
    await world.settled();
    expect((await world.orders.load('1')).total).toBe(5);
    await world.orders.save(order);
    await world.settled();
    expect(await snapshotOf(world)).toMatchObject({ version: 6 });
  });

  it('are ignored and reported when they are damaged, of another version, of other fields or of another history', async () => {
    const world = start();
    await fill(world, 5);
    const good = (await snapshotOf(world)) as unknown as Record<string, unknown>;
    const bad: readonly (readonly [string, unknown])[] = [
      ['damaged', 'no json {'],
      ['damaged', '{"version":"5"}'],
      ['damaged', JSON.stringify({ ...good, state: { $type: 'Unheard', value: 1 } })],
      ['other-version', JSON.stringify({ ...good, schema: 2, state: { customer: 'wrong' } })],
      ['other-fields', JSON.stringify({ ...good, fields: 'customer lines', state: { customer: 'wrong' } })],
      ['other-history', JSON.stringify({ ...good, position: 999, state: { customer: 'wrong', lines: [] } })],
      ['other-history', JSON.stringify({ ...good, version: 99, state: { customer: 'wrong', lines: [] } })],
    ];
    for (const [reason, value] of bad) {
      putSnapshot(world, value);
      const before = world.snapshots.metrics.figures();
      const order = await world.orders.load('1');
      expect([reason, order.version, order.toSnapshot()]).toEqual([reason, 5, await truth(world)]);
      const after = world.snapshots.metrics.figures();
      expect(after.used).toBe(before.used);
      expect(after.ignored).toEqual({
        ...before.ignored,
        [reason]: before.ignored[reason as keyof typeof before.ignored] + 1,
      });
    }
    // One warning for each kind, not one for each load.
    expect(world.warnings).toHaveLength(4);
    expect(world.warnings[0]).toContain('The snapshot of "snapOrder-1" (SnapOrder) is ignored, it cannot be read');
    // The next one that is due takes its place.
    await fill(world, 5);
    expect(await snapshotOf(world)).toMatchObject({ version: 6, position: 6 });
  });

  it('of a stream that was removed and begun anew are not used', async () => {
    const world = start();
    await fill(world, 6);
    const former = await world.store.getRecord('snapshots', 'snapOrder-1');
    await world.log.purge('snapOrder-1');
    expect(former).toBeDefined();
    expect(await world.store.getRecord('snapshots', 'snapOrder-1')).toBeUndefined();
    // One that was under way meanwhile.
    putSnapshot(world, former?.value as string);
    await expect(world.orders.find('1')).resolves.toBeUndefined();
    const anew = new SnapOrder('1');
    anew.place('eve');
    await world.orders.save(anew);
    expect((await world.orders.load('1')).toSnapshot()).toEqual({ customer: 'eve', lines: [], paidAt: undefined });
    for (let count = 0; count < 5; count++) await world.orders.update('1', (order) => order.add('pen', 1));
    expect((await world.orders.load('1')).toSnapshot()).toEqual(await truth(world));
  });

  it('are asked for together with the events after them once they are known, and by whom they were written makes no difference', async () => {
    const world = start();
    const asked: string[] = [];
    const { getRecord, readStream } = world.store;
    jest.spyOn(world.store, 'getRecord').mockImplementation((...args) => {
      asked.push('snapshot');
      return getRecord.apply(world.store, args);
    });
    jest.spyOn(world.store, 'readStream').mockImplementation(async (...args) => {
      asked.push(`from ${args[1]?.from}`);
      return readStream.apply(world.store, args);
    });
    const load = async () => {
      asked.length = 0;
      const loaded = await world.orders.load('1');
      expect(loaded.toSnapshot()).toEqual(await truth(world));
      expect(loaded.version).toBe((await world.log.stream(world.orders.streamOf('1')))?.version);
      return asked.slice(0, -1);
    };
    const node = repositoriesOn(world.store);
    const other = { ...world, ...node, store: world.store, orders: node.aggregates.repository(SnapOrder) };
    await fill(world, 7);
    expect(await load()).toEqual(['from 5', 'snapshot']);
    await fill(other, 4);
    expect(await load()).toEqual(['from 5', 'snapshot', 'from 10']);
    expect(await load()).toEqual(['from 10', 'snapshot']);
    world.store.commit({ records: [{ collection: 'snapshots', key: 'snapOrder-1' }] });
    expect(await load()).toEqual(['from 10', 'snapshot', 'from 1']);
    expect(await load()).toEqual(['snapshot', 'from 1']);
    expect(world.warnings).toEqual([]);
  });

  it('of a state that cannot be stored are reported, and nothing else suffers', async () => {
    class Service {
      run(): void {}
    }
    @Aggregate('odd', { snapshots: { when: everyEvents(1) } })
    class Odd extends AggregateRoot {
      service: Service | undefined;
      add(): void {
        this.raise(new ItemAdded('book', 1));
      }
      @On(ItemAdded) protected added(): void {
        this.service = new Service();
      }
    }
    const world = start();
    const odd = world.aggregates.repository(Odd);
    await odd.updateOrCreate('1', (it) => it.add());
    await world.settled();
    await odd.update('1', (it) => it.add());
    await world.settled();
    expect((await odd.load('1')).version).toBe(2);
    expect(world.snapshots.metrics.figures()).toMatchObject({ written: 0, failed: 2 });
    expect(world.warnings).toEqual([expect.stringContaining('The snapshot of "odd-1" (Odd) was not written')]);
    expect(world.warnings[0]).toContain('service');
  });

  it('that fail to be written lose nothing: the save is good, and the next one tries again', async () => {
    const world = start();
    world.store.onSnapshot = () => {
      throw new Error('disk on fire');
    };
    await fill(world, 5);
    expect((await world.orders.load('1')).total).toBe(5);
    expect(world.snapshots.metrics.figures()).toMatchObject({ written: 0, failed: 1 });
    expect(world.warnings[0]).toContain('disk on fire');
    world.store.onSnapshot = undefined;
    await fill(world, 1);
    expect(await snapshotOf(world)).toMatchObject({ version: 6 });
  });

  it('that hang delay neither saves nor loads nor the snapshots of others, and end at the time-out', async () => {
    const world = start({ writeTimeout: 50, concurrency: 2 });
    let hanging = 0;
    world.store.onSnapshot = (write) => {
      hanging++;
      return hanging === 1 ? new Promise<never>(() => undefined) : write();
    };
    const save = async (id: string) => {
      const order = new SnapOrder(id);
      for (let count = 0; count < 5; count++) order.add('book', 1);
      await world.orders.save(order);
      await new Promise((resolve) => setImmediate(resolve));
      await new Promise((resolve) => setImmediate(resolve));
    };
    await save('1');
    expect(hanging).toBe(1);
    expect((await world.orders.load('1')).total).toBe(5);
    await save('2');
    expect(await snapshotOf(world, '2')).toMatchObject({ version: 5 });
    await world.settled();
    expect(world.snapshots.metrics.figures()).toMatchObject({ written: 1, failed: 1 });
    expect(world.warnings[0]).toContain('did not answer within 50 ms');
  });

  it('that wait are written at shutdown', async () => {
    const world = start({ concurrency: 1 });
    world.store.onSnapshot = async (write) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      return write();
    };
    for (const id of ['1', '2', '3']) {
      const order = new SnapOrder(id);
      for (let count = 0; count < 5; count++) order.add('book', 1);
      await world.orders.save(order);
    }
    expect(world.snapshots.waiting).toBe(3);
    await expect(world.snapshots.drain()).resolves.toBe(0);
    for (const id of ['1', '2', '3']) expect(await snapshotOf(world, id)).toMatchObject({ version: 5 });
    // What is saved after that is saved; only its snapshot is not.
    const late = new SnapOrder('4');
    for (let count = 0; count < 5; count++) late.add('book', 1);
    await world.orders.save(late);
    expect(world.snapshots.waiting).toBe(0);
    expect(world.snapshots.metrics.figures()).toMatchObject({ written: 3, dropped: 1 });
  });

  it('that hang do not hold the shutdown up for longer than it allows', async () => {
    const world = start({ drainTimeout: 30 });
    world.store.onSnapshot = () => new Promise<never>(() => undefined);
    await fillWithoutWaiting(world);
    await expect(world.snapshots.drain()).resolves.toBe(1);
    expect(world.snapshots.metrics.figures()).toMatchObject({ written: 0, dropped: 1 });
  });

  it('that would be too many drop the oldest ones', async () => {
    const world = start({ maxPending: 2 });
    for (const id of ['1', '2', '3']) await fillWithoutWaiting(world, id);
    await world.settled();
    expect(await snapshotOf(world, '1')).toBeUndefined();
    expect(await snapshotOf(world, '3')).toMatchObject({ version: 5 });
    expect(world.snapshots.metrics.figures()).toMatchObject({ written: 2, dropped: 1 });
  });

  it('may be due by the size of the events', async () => {
    @Aggregate('sized', { snapshots: { when: largerThan(200) } })
    class Sized extends Order {}
    for (const mode of ['copy', 'reference'] as const) {
      const world = start(undefined, { mode });
      const sized = world.aggregates.repository(Sized);
      const add = async (sku: string): Promise<number> => {
        await sized.updateOrCreate('1', (order) => order.add(sku, 1));
        await world.settled();
        return world.snapshots.metrics.figures().written;
      };
      expect([await add('small'), await add('x'.repeat(100)), await add('y'.repeat(100))]).toEqual([0, 0, 1]);
    }
  });

  it('do not make a save fail when the strategy throws', async () => {
    @Aggregate('throwing', {
      snapshots: {
        when: new SnapshotStrategy(() => {
          throw new Error('bad strategy');
        }),
      },
    })
    class Throwing extends Order {}
    const world = start();
    const throwing = world.aggregates.repository(Throwing);
    await throwing.updateOrCreate('1', (order) => order.add('book', 1));
    expect((await throwing.load('1')).total).toBe(1);
    expect(world.warnings[0]).toContain('bad strategy');
  });

  it('use toSnapshot and fromSnapshot where a class has them', async () => {
    @Aggregate('own', { snapshots: { when: everyEvents(2) } })
    class Own extends AggregateRoot {
      #skus = new Set<string>();
      add(sku: string): void {
        this.raise(new ItemAdded(sku, 1));
      }
      get skus(): string[] {
        return [...this.#skus];
      }
      override toSnapshot(): unknown {
        return [...this.#skus];
      }
      override fromSnapshot(state: unknown): void {
        this.#skus = new Set(state as string[]);
      }
      @On(ItemAdded) protected added({ sku }: ItemAdded): void {
        this.#skus.add(sku);
      }
    }
    const world = start();
    const own = world.aggregates.repository(Own);
    for (const sku of ['a', 'b', 'c']) {
      await own.updateOrCreate('1', (it) => it.add(sku));
      await world.settled();
    }
    expect((await own.load('1')).skus).toEqual(['a', 'b', 'c']);
    expect(world.snapshots.metrics.figures()).toMatchObject({ written: 1, used: 2 });
  });

  it('serve deciders too', async () => {
    const snapCart = defineDecider({ ...cart, name: 'snapCart', snapshots: { when: everyEvents(3) } });
    const world = start();
    const carts = world.aggregates.decider(snapCart);
    for (let count = 0; count < 7; count++) {
      await carts.handle('1', new AddToCart(`sku-${count}`));
      await world.settled();
    }
    world.store.eventsRead = 0;
    const { state, version } = await carts.state('1');
    expect(version).toBe(7);
    expect(state.items).toEqual(Array.from({ length: 7 }, (_, index) => `sku-${index}`));
    expect(world.store.eventsRead).toBe(2);
  });

  it('stand for events that were truncated; without one the load fails and says why', async () => {
    const world = start();
    await fill(world, 7);
    await world.log.truncate('snapOrder-1', 6);
    const order = await world.orders.load('1');
    expect([order.version, order.total]).toEqual([7, 7]);
    await world.log.truncate('snapOrder-1', 8);
    putSnapshot(world, undefined);
    await expect(world.orders.load('1')).rejects.toMatchObject({ code: 'CATGA_AGGREGATE_HISTORY_TRUNCATED' });
    await expect(world.orders.load('1')).rejects.toThrow('begins at version 8');
  });
});

async function fillWithoutWaiting(world: ReturnType<typeof start>, id = '1'): Promise<void> {
  const order = new SnapOrder(id);
  for (let count = 0; count < 5; count++) order.add('book', 1);
  await world.orders.save(order);
}
