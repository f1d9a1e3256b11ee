import { diffStates, MemoryStore, type Clock } from '@catga/core';
import { AddToCart, cart, CheckOut, Order, SnapOrder, stateOf } from './support/orders.js';
import { repositoriesOn } from './support/repositories.js';

describe.each([['reference'], ['copy']] as const)('time travel on a store in %s mode', (mode) => {
  let now = 1_000;
  const clock: Clock = { now: () => now, monotonic: () => now };

  const start = async () => {
    now = 1_000;
    const world = repositoriesOn(new MemoryStore({ mode, clock }));
    const orders = world.aggregates.repository(Order);
    const at = async (time: number, user: string, change: (order: Order) => void) => {
      now = time;
      await orders.updateOrCreate('1', change, { metadata: { user, correlationId: `c-${time}` } });
    };
    await at(1_000, 'ada', (order) => order.place('ada'));
    await at(2_000, 'bob', (order) => {
      order.add('book', 2);
      order.add('pen', 1);
    });
    await at(3_000, 'eve', (order) => order.add('book', 3));
    await at(4_000, 'ada', (order) => order.pay(new Date(4_000)));
    return { ...world, orders };
  };

  it('gives the state at a version', async () => {
    const { timeTravel } = await start();
    const before = await timeTravel.stateAt(Order, '1', { version: 0 });
    expect(before).toMatchObject({ version: 0, at: undefined, view: { customer: '', lines: [] } });
    const third = await timeTravel.stateAt(Order, '1', { version: 3 });
    expect(third).toMatchObject({ version: 3, at: 2_000 });
    expect(third.state).toBeInstanceOf(Order);
    expect(third.state.total).toBe(3);
    expect(third.view).toEqual({
      customer: 'ada',
      lines: [
        { sku: 'book', quantity: 2 },
        { sku: 'pen', quantity: 1 },
      ],
      paidAt: undefined,
    });
    // Its own: the next look is not changed by it.
    third.state.add('book', 100);
    expect((await timeTravel.stateAt(Order, '1', { version: 3 })).state.total).toBe(3);
    await expect(timeTravel.stateAt(Order, '1', { version: 6 })).rejects.toThrow(
      'Stream "order-1" has no version 6, it is at version 5',
    );
    await expect(timeTravel.stateAt(Order, '2', { version: 0 })).rejects.toMatchObject({
      code: 'CATGA_AGGREGATE_NOT_FOUND',
    });
  });

  it('gives the state at a time', async () => {
    const { timeTravel } = await start();
    const versionAt = async (at: number | Date) => (await timeTravel.stateAt(Order, '1', { at })).version;
    expect([await versionAt(999), await versionAt(1_000), await versionAt(new Date(1_999))]).toEqual([0, 1, 1]);
    expect([await versionAt(2_000), await versionAt(3_999), await versionAt(1e15)]).toEqual([3, 4, 5]);
    await expect(versionAt(new Date(Number.NaN))).rejects.toThrow('a Date or milliseconds since 1970');
  });

  it('tells what changed between two moments, by path', async () => {
    const { timeTravel } = await start();
    expect(await timeTravel.diff(Order, '1', { version: 3 }, { at: 4_000 })).toEqual([
      { path: 'lines[0].quantity', kind: 'changed', before: 2, after: 5 },
      { path: 'paidAt', kind: 'changed', before: undefined, after: new Date(4_000) },
    ]);
    expect(await timeTravel.diff(Order, '1', { version: 3 }, { version: 1 })).toEqual([
      { path: 'lines[0]', kind: 'removed', before: { sku: 'book', quantity: 2 }, after: undefined },
      { path: 'lines[1]', kind: 'removed', before: { sku: 'pen', quantity: 1 }, after: undefined },
    ]);
    expect(await timeTravel.diff(Order, '1', { version: 2 }, { version: 2 })).toEqual([]);
  });

  it('audits who did what and when', async () => {
    const { timeTravel, log } = await start();
    const entries = await timeTravel.audit(Order, '1');
    expect(
      entries.map(({ version, at, user, correlationId, type }) => [version, at, user, correlationId, type]),
    ).toEqual([
      [1, 1_000, 'ada', 'c-1000', 'test.order-placed'],
      [2, 2_000, 'bob', 'c-2000', 'test.item-added'],
      [3, 2_000, 'bob', 'c-2000', 'test.item-added'],
      [4, 3_000, 'eve', 'c-3000', 'test.item-added'],
      [5, 4_000, 'ada', 'c-4000', 'test.order-paid'],
    ]);
    expect(entries.map(({ changes }) => changes.map(({ path, kind }) => `${kind} ${path}`))).toEqual([
      ['changed customer'],
      ['added lines[0]'],
      ['added lines[1]'],
      ['changed lines[0].quantity'],
      ['changed paidAt'],
    ]);
    const recorded = await log.read('order-1');
    expect(entries.map(({ eventId }) => eventId)).toEqual(recorded.map(({ id }) => id));
    expect(entries.map(({ event }) => event)).toEqual(recorded.map(({ event }) => event));
    expect(await timeTravel.audit(Order, '1', { from: 4, to: 4 })).toEqual([entries[3]]);
  });

  it('takes no notice of snapshots, and serves deciders', async () => {
    const { timeTravel, aggregates, settled } = await start();
    const orders = aggregates.repository(SnapOrder);
    for (let count = 0; count < 7; count++) {
      await orders.updateOrCreate('1', (order) => order.add('book', 1));
      await settled();
    }
    const { state } = await timeTravel.stateAt(SnapOrder, '1', { version: 2 });
    expect(stateOf(state)).toMatchObject({ lines: [{ sku: 'book', quantity: 2 }] });
    const carts = aggregates.decider(cart);
    for (const command of [new AddToCart('a'), new AddToCart('b'), new CheckOut()]) await carts.handle('1', command);
    expect((await timeTravel.stateAt(cart, '1', { version: 1 })).state).toEqual({ items: ['a'], isOpen: true });
    expect(await timeTravel.diff(cart, '1', { version: 1 }, { version: 3 })).toEqual([
      { path: 'items[1]', kind: 'added', before: undefined, after: 'b' },
      { path: 'isOpen', kind: 'changed', before: true, after: false },
    ]);
    expect((await timeTravel.audit(cart, '1'))[2]?.changes).toHaveLength(1);
  });
});

describe('the difference of two states', () => {
  it('goes into objects, arrays and maps, and compares everything else as a whole', () => {
    const before = {
      map: new Map<unknown, unknown>([
        ['a b', 1],
        [2, { x: 1 }],
      ]),
      set: new Set([1]),
      'odd key': { deep: [{ n: 1 }] },
      same: { a: [1] },
      kind: [1],
      date: new Date(0),
      gone: 1,
    };
    const after = {
      map: new Map<unknown, unknown>([
        ['a b', 2],
        [2, { x: 2 }],
      ]),
      set: new Set([2]),
      'odd key': { deep: [{ n: 2 }, 3] },
      same: { a: [1] },
      kind: { 0: 1 },
      date: new Date(1),
    };
    expect(diffStates(before, after).map(({ path, kind }) => `${kind} ${path}`)).toEqual([
      'changed map["a b"]',
      'changed map[2].x',
      'changed set',
      'changed ["odd key"].deep[0].n',
      'added ["odd key"].deep[1]',
      'changed kind',
      'changed date',
      'removed gone',
    ]);
    expect(diffStates(1, 2)).toEqual([{ path: '', kind: 'changed', before: 1, after: 2 }]);
  });
});
