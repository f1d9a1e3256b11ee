import { MemoryStore, On, Projection, type ProjectionContext } from '@catga/core';
import {
  appendAll,
  contents,
  expected,
  history,
  nodeOn,
  OrderPlaced,
  orderProjection,
  Orders,
  OrderShipped,
  Unrelated,
  type Node,
} from './support/shop.js';

const open: Node[] = [];
const node = (...args: Parameters<typeof nodeOn>): Node => {
  const made = nodeOn(...args);
  open.push(made);
  return made;
};
afterEach(async () => {
  for (const { runtime } of open.splice(0)) await runtime.stop();
});

describe.each(['reference', 'copy'] as const)('a projection on a memory store that keeps a %s', (mode) => {
  it('catches up with what was there before, then follows, and goes on where it was after a restart', async () => {
    const store = new MemoryStore({ mode });
    const first = node(store, [orderProjection({ batch: 7 })]);
    const before = history(30);
    await appendAll(first.log, before);
    await first.runtime.start();
    const after = history(10, 30);
    const position = await appendAll(first.log, after);
    await first.runtime.projections.waitFor('order-list', position);
    const all = [...before, ...after].map(({ event }) => event);
    expect(await contents(first)).toEqual(expected(all));
    await first.runtime.stop();

    const more = history(5, 40);
    await appendAll(first.log, more);
    const second = node(store, [orderProjection()]);
    await second.runtime.start();
    await second.runtime.projections.waitFor(
      'order-list',
      (await second.log.append('x-1', [new Unrelated(1)])).position,
    );
    expect(await contents(second)).toEqual(expected([...all, ...more.map(({ event }) => event)]));
    const status = await second.runtime.projections.status('order-list');
    expect(status).toMatchObject({ condition: 'running', generation: 1, lag: { events: 0, milliseconds: 0 } });
    expect(status.events).toBe(
      [...before, ...after, ...more].filter(({ event }) => !(event instanceof Unrelated)).length,
    );
  });

  it('finds values by their tags, and forgets the tags that a value no longer has', async () => {
    const one = node(new MemoryStore({ mode }), [orderProjection()]);
    await one.runtime.start();
    await appendAll(one.log, [
      { stream: 'order-1', event: new OrderPlaced('1', 'de', 5) },
      { stream: 'order-2', event: new OrderPlaced('2', 'de', 6) },
    ]);
    const position = await appendAll(one.log, [{ stream: 'order-1', event: new OrderShipped('1') }]);
    await one.runtime.projections.waitFor('order-list', position);
    const orders = one.runtime.readModels.of('order-list', Orders);
    const keys = async (tag: string) => (await orders.find({ tags: [tag] })).items.map(({ key }) => key);
    expect(await keys('status:placed')).toEqual(['2']);
    expect(await keys('status:shipped')).toEqual(['1']);
  });

  it('lets a method read and find what earlier events of the same batch have written', async () => {
    const found: unknown[] = [];
    @Projection({ name: 'finder', models: [Orders] })
    class Finder {
      @On(OrderPlaced)
      placed({ orderId, country, amount }: OrderPlaced, ctx: ProjectionContext) {
        ctx.model(Orders).put(orderId, { id: orderId, country, amount, status: 'placed', seen: 1 });
        if (orderId === '3') ctx.model(Orders).delete('1');
      }
      @On(OrderShipped)
      async shipped(_event: OrderShipped, ctx: ProjectionContext) {
        const model = ctx.model(Orders);
        found.push(await model.get('1'), (await model.get('2'))?.amount);
        found.push((await model.find(['status:placed'])).map(({ key }) => key));
      }
    }
    const one = node(new MemoryStore({ mode }), [Finder]);
    await appendAll(one.log, [
      ...['1', '2', '3'].map((id) => ({ stream: `order-${id}`, event: new OrderPlaced(id, 'de', Number(id)) })),
      { stream: 'order-2', event: new OrderShipped('2') },
    ]);
    await one.runtime.start();
    await one.runtime.projections.waitFor(Finder, 4);
    expect(found).toEqual([undefined, 2, ['2', '3']]);
  });
});
