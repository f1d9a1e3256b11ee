import { Aggregates, CatgaModule, MemoryStore, TimeTravel } from '@catga/core';
import { closeApps, startApp } from './support/start-app.js';
import { Order, OrderHistory } from './time-travel.example.js';

afterEach(closeApps);

/** Order 42 with seven events, one on each of the first days of May. */
async function travelled() {
  let now = 0;
  const store = new MemoryStore({ mode: 'copy', clock: { now: () => now, monotonic: () => now } });
  const app = await startApp({
    imports: [CatgaModule.forRoot({ store }), CatgaModule.forFeature([Order])],
    providers: [OrderHistory],
  });
  const orders = app.get(Aggregates).repository(Order);
  const onDay = async (day: number, change: (order: Order) => void) => {
    now = Date.UTC(2026, 4, day, 10);
    await orders.updateOrCreate('42', change, { metadata: { user: `clerk-${day}` } });
  };
  await onDay(1, (order) => order.add('book', 1));
  await onDay(2, (order) => order.add('pen', 1));
  await onDay(3, (order) => order.change('book', 2));
  await onDay(4, (order) => order.change('book', 3));
  await onDay(5, (order) => order.change('book', 4));
  await onDay(6, (order) => order.change('book', 5));
  await onDay(7, (order) => order.pay(new Date('2026-05-01T10:00:00.000Z')));
  return { history: app.get(OrderHistory), timeTravel: app.get(TimeTravel) };
}

describe('the guide to time travel', () => {
  it('shows states, differences and an audit', async () => {
    const { history } = await travelled();
    const pen = { product: 'pen', quantity: 1 };
    expect(await history.linesAt('42', { version: 3 })).toEqual([{ product: 'book', quantity: 2 }, pen]);
    expect(await history.linesAt('42', { at: new Date('2026-05-04T12:00:00Z') })).toEqual([
      { product: 'book', quantity: 3 },
      pen,
    ]);
    expect(await history.linesAt('42', { at: new Date('2026-05-01') })).toEqual([]);
    expect(await history.changes('42', { version: 3 }, { version: 7 })).toEqual([
      'lines[0].quantity changed: 2 -> 5',
      'paidAt added: undefined -> 2026-05-01T10:00:00.000Z',
    ]);
    const log = await history.log('42');
    expect(log).toHaveLength(7);
    expect(log[2]).toBe(
      '3 2026-05-03T10:00:00.000Z quantity-changed by clerk-3 because of undefined: lines[0].quantity',
    );
  });

  it('tells what else a state comes with', async () => {
    const { timeTravel } = await travelled();
    const { state, view, version, at } = await timeTravel.stateAt(Order, '42', { version: 1 });
    expect(state).toBeInstanceOf(Order);
    expect({ view, version, at }).toMatchObject({
      view: { lines: [{ product: 'book', quantity: 1 }] },
      version: 1,
      at: Date.UTC(2026, 4, 1, 10),
    });
    expect(await timeTravel.stateAt(Order, '42', { version: 0 })).toMatchObject({ version: 0, at: undefined });
    await expect(timeTravel.stateAt(Order, '42', { version: 8 })).rejects.toMatchObject({
      name: 'VersionNotReachedError',
    });
  });
});
