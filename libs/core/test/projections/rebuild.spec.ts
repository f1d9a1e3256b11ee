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
  tick,
  until,
  type Node,
} from './support/shop.js';

const list = history(40);
const events = (all: readonly { readonly event: object }[]): object[] => all.map(({ event }) => event);

/** Appends until it is stopped; gives everything that was appended. */
function load(node: Node, from: number): { stop(): Promise<{ stream: string; event: object }[]> } {
  const done: { stream: string; event: object }[] = [];
  let stopped = false;
  const running = (async () => {
    for (let n = from; !stopped; n += 3) {
      const some = history(3, n);
      await appendAll(node.log, some);
      done.push(...some);
      await tick();
    }
  })();
  return {
    stop: async () => {
      stopped = true;
      await running;
      return done;
    },
  };
}

describe.each(['async', 'inline', 'live'] as const)('a rebuild of a projection that is %s', (mode) => {
  it('under load loses nothing, doubles nothing, swaps at once and removes the old model', async () => {
    const store = new MemoryStore({ mode: 'copy' });
    let bug = 1;
    const generations = new Set<string>();
    const projection = orderProjection({ mode, batch: 10 }, (event, ctx) => {
      generations.add(`${ctx.generation}${ctx.rebuilding ? ' rebuilding' : ''}`);
      // What the rebuild is for: some orders were counted wrongly.
      if (event instanceof OrderPlaced && bug === 1) ctx.model(Orders).delete(event.orderId);
    });
    const node = nodeOn(store, [projection], { removeAfter: 60 });
    await appendAll(node.log, list);
    await node.runtime.start();
    const { projections } = node.runtime;
    await projections.waitFor('order-list', list.length);
    expect(Object.keys(await contents(node)).some((key) => key.startsWith('orders/'))).toBe(false);
    expect(await contents(node)).toHaveProperty('revenue/de');

    bug = 0;
    const before = (await projections.status('order-list')).generation;
    const writer = load(node, 40);
    await projections.rebuild('order-list');
    // The old model is read until the new one is complete: never less than it had.
    let least = Number.POSITIVE_INFINITY;
    let rebuilt = false;
    const reader = (async () => {
      while (!rebuilt) {
        const { orders = 0 } =
          (await node.runtime.readModels.of<{ orders: number }>('order-list', 'revenue').get('de')) ?? {};
        least = Math.min(least, orders);
        await tick();
      }
    })();
    await projections.rebuilt('order-list');
    await tick(30);
    rebuilt = true;
    await reader;
    const more = await writer.stop();
    await projections.waitFor('order-list', list.length + more.length);
    expect(await contents(node)).toEqual(expected(events([...list, ...more])));
    expect(least).toBe(14);
    expect(generations).toContain(`${before + 1} rebuilding`);
    const status = await projections.status('order-list');
    expect(status).toMatchObject({ condition: 'running', generation: before + 1 });
    expect(status.rebuild).toBeUndefined();
    if (mode !== 'live') {
      const old = async () => (await store.findRecords({ collection: `model:order-list/revenue@${before}` })).records;
      await until(async () => (await old()).length === 0, 'the old model is removed');
      expect(await store.getRecord('checkpoints', `order-list@${before}/0`)).toBeUndefined();
    }
    await node.runtime.stop();
  });
});

describe('a rebuild', () => {
  it('shows how far it is, and can be cancelled; the live model is not touched', async () => {
    const store = new MemoryStore({ mode: 'copy' });
    let hold = false;
    const node = nodeOn(store, [
      orderProjection({ batch: 4 }, (_event, ctx) => (hold && ctx.rebuilding ? tick(5) : undefined)),
    ]);
    await node.runtime.start();
    await node.runtime.projections.waitFor('order-list', await appendAll(node.log, list));
    const { projections } = node.runtime;
    hold = true;
    await projections.rebuild('order-list');
    await until(async () => ((await projections.status('order-list')).rebuild?.position ?? 0) > 4, 'it has begun');
    const { rebuild, condition, lag } = await projections.status('order-list');
    expect(rebuild).toMatchObject({ generation: 2, target: list.length });
    expect(rebuild?.progress).toBeGreaterThan(0);
    expect(rebuild?.progress).toBeLessThan(1);
    expect({ condition, lag: lag.events }).toEqual({ condition: 'running', lag: 0 });
    await projections.cancelRebuild('order-list');
    const status = await projections.status('order-list');
    expect(status.rebuild).toBeUndefined();
    expect(status.generation).toBe(1);
    expect(await contents(node)).toEqual(expected(events(list)));
    await node.runtime.stop();
  });

  it('has its own dead letters, counted apart from those of the live model', async () => {
    let hold = false;
    const node = nodeOn(new MemoryStore({ mode: 'copy' }), [
      orderProjection({ batch: 4, partitions: 2, onError: { attempts: 1, then: 'skip' } }, (_event, ctx) => {
        if (ctx.position <= 2) throw new Error('never');
        return hold && ctx.rebuilding ? tick(5) : undefined;
      }),
    ]);
    await node.runtime.start();
    const { projections } = node.runtime;
    await projections.waitFor('order-list', await appendAll(node.log, list));
    const { deadLetters } = await projections.status('order-list');
    expect(deadLetters).toBeGreaterThanOrEqual(2);
    hold = true;
    await projections.rebuild('order-list');
    await until(async () => ((await projections.status('order-list')).rebuild?.deadLetters ?? 0) > 0, 'one is there');
    expect((await projections.status('order-list')).deadLetters).toBe(deadLetters);
    hold = false;
    await projections.rebuilt('order-list');
    expect(await projections.status('order-list')).toMatchObject({ generation: 2, deadLetters });
    await node.runtime.stop();
  });

  it('that fails leaves the live model going, says why, and goes on when it is resumed', async () => {
    let broken = false;
    const store = new MemoryStore({ mode: 'copy' });
    const node = nodeOn(store, [
      orderProjection({ onError: { attempts: 1 } }, (_event, ctx) => {
        if (broken && ctx.rebuilding) throw new Error('not this time');
      }),
    ]);
    await node.runtime.start();
    const { projections } = node.runtime;
    await projections.waitFor('order-list', await appendAll(node.log, list));
    broken = true;
    await projections.rebuild('order-list');
    await expect(projections.rebuilt('order-list')).rejects.toMatchObject({ code: 'CATGA_PROJECTION_STATE' });
    const more = history(5, 40);
    await projections.waitFor('order-list', await appendAll(node.log, more));
    expect(await contents(node)).toEqual(expected(events([...list, ...more])));
    expect((await projections.status('order-list')).rebuild?.failure?.error?.message).toBe('not this time');
    broken = false;
    await projections.resume('order-list');
    await projections.rebuilt('order-list');
    expect((await projections.status('order-list')).generation).toBe(2);
    expect(await contents(node)).toEqual(expected(events([...list, ...more])));
    await node.runtime.stop();
  });

  it('begins by itself when the code has a newer version, and goes on after a crash in the middle', async () => {
    const store = new MemoryStore({ mode: 'copy' });
    const first = nodeOn(store, [orderProjection()]);
    await first.runtime.start();
    await first.runtime.projections.waitFor('order-list', await appendAll(first.log, list));
    await first.runtime.stop();
    let slow = true;
    const second = nodeOn(store, [orderProjection({ version: 2, batch: 3 }, () => (slow ? tick(3) : undefined))]);
    await second.runtime.start();
    await until(
      async () => ((await second.runtime.projections.status('order-list')).rebuild?.position ?? 0) > 6,
      'it builds',
    );
    expect((await second.runtime.projections.status('order-list')).generation).toBe(1);
    second.runtime.crash();
    slow = false;
    const third = nodeOn(store, [orderProjection({ version: 2, batch: 3 })]);
    await third.runtime.start();
    await third.runtime.projections.waitFor('order-list', list.length);
    expect(await third.runtime.projections.status('order-list')).toMatchObject({ generation: 2, condition: 'running' });
    expect(await contents(third)).toEqual(expected(events(list)));
    // A node with the former code has nothing to say any more.
    const old = nodeOn(store, [orderProjection()]);
    await old.runtime.start();
    expect((await old.runtime.projections.status('order-list')).condition).toBe('superseded');
    await old.runtime.stop();
    await third.runtime.stop();
  });
});

describe('an inline projection', () => {
  it('is in the commit of the events: whoever has appended reads it, and an append that fails leaves nothing', async () => {
    const store = new MemoryStore({ mode: 'copy' });
    const node = nodeOn(store, [
      orderProjection({ mode: 'inline' }, (event) => {
        if (event instanceof OrderPlaced && event.amount === 99) throw new Error('too much');
      }),
    ]);
    await node.runtime.start();
    await appendAll(node.log, list);
    expect(await contents(node)).toEqual(expected(events(list)));
    const refused = node.log.append('order-x', [new OrderPlaced('x', 'de', 99)]);
    await expect(refused).rejects.toMatchObject({
      code: 'CATGA_PROJECTION_INLINE_FAILED',
      cause: { message: 'too much' },
    });
    expect(await node.log.read('order-x')).toEqual([]);
    expect(await contents(node)).toEqual(expected(events(list)));
    await expect(node.runtime.projections.pause('order-list')).rejects.toMatchObject({
      code: 'CATGA_PROJECTION_STATE',
    });
    await node.runtime.stop();
  });

  it('loses nothing when commits that change the same record come together, on two nodes', async () => {
    const store = new MemoryStore({ mode: 'copy' });
    const nodes = [
      nodeOn(store, [orderProjection({ mode: 'inline' })]),
      nodeOn(store, [orderProjection({ mode: 'inline' })]),
    ];
    for (const { runtime } of nodes) await runtime.start();
    const orders = Array.from({ length: 24 }, (_, n) => new OrderPlaced(String(n), 'de', 1));
    await Promise.all(orders.map((order, n) => (nodes[n % 2] as Node).log.append(`order-${order.orderId}`, [order])));
    expect(await contents(nodes[0] as Node)).toEqual(expected(orders));
    for (const { runtime } of nodes) await runtime.stop();
  });

  it('that is new to a log with events is built before the application starts', async () => {
    const store = new MemoryStore({ mode: 'copy' });
    await appendAll(nodeOn(store, []).log, list);
    const node = nodeOn(store, [orderProjection({ mode: 'inline', batch: 7 })]);
    await node.runtime.start();
    expect(await contents(node)).toEqual(expected(events(list)));
    await node.runtime.stop();
  });
});

describe('a live projection', () => {
  it('keeps nothing in the store, and is there again after a restart', async () => {
    const store = new MemoryStore({ mode: 'copy' });
    for (let boot = 0; boot < 2; boot++) {
      const node = nodeOn(store, [orderProjection({ mode: 'live' })]);
      if (boot === 0) await appendAll(node.log, list);
      await node.runtime.start();
      await node.runtime.projections.waitFor('order-list', list.length);
      expect(await contents(node)).toEqual(expected(events(list)));
      await node.runtime.stop();
    }
    for (const collection of ['projections', 'checkpoints', 'model:order-list/orders@1'])
      expect((await store.findRecords({ collection })).records).toEqual([]);
  });
});

describe('a projection that is paused', () => {
  it('stands still, also after a restart and on other nodes, until it is resumed', async () => {
    const store = new MemoryStore({ mode: 'copy' });
    const first = nodeOn(store, [orderProjection()]);
    const other = nodeOn(store, [orderProjection()]);
    await first.runtime.start();
    await other.runtime.start();
    await first.runtime.projections.pause('order-list', { by: 'ada', reason: 'maintenance' });
    await until(async () => (await other.runtime.projections.status('order-list')).condition === 'paused', 'all know');
    await tick(30);
    const position = await appendAll(first.log, list);
    await first.runtime.stop();
    await other.runtime.stop();
    const again = nodeOn(store, [orderProjection()]);
    await again.runtime.start();
    await tick(30);
    const status = await again.runtime.projections.status('order-list');
    expect(status).toMatchObject({ condition: 'paused', position: 0, paused: { by: 'ada', reason: 'maintenance' } });
    expect(status.lag.events).toBe(list.length);
    expect(status.lag.milliseconds).toBeGreaterThan(0);
    expect(await contents(again)).toEqual({});
    await again.runtime.projections.resume('order-list');
    await again.runtime.projections.waitFor('order-list', position);
    expect(await contents(again)).toEqual(expected(events(list)));
    await again.runtime.stop();
  });
});

describe('a class that cannot be a projection', () => {
  it('is refused with everything that is wrong and what to write instead', () => {
    @Projection({ name: 'a b', mode: 'inlin', version: 0, onEror: {}, partitions: 0 } as never)
    class Wrong {
      handle(_event: OrderPlaced, _ctx: ProjectionContext): void {}
    }
    let message = '';
    try {
      nodeOn(new MemoryStore(), [Wrong]);
    } catch (error) {
      message = (error as Error).message;
    }
    for (const part of [
      '"onEror"',
      'name is "a b"',
      'mode is "inlin"',
      'version is 0',
      'partitions is 0',
      '@On(OrderPlaced)',
    ])
      expect(message).toContain(part);
    @Projection({ name: 'x' })
    class Twice {
      @On(OrderPlaced) one(): void {}
      @On(OrderPlaced) two(): void {}
    }
    expect(() => nodeOn(new MemoryStore(), [Twice])).toThrow('both one and two take OrderPlaced');
    expect(() => nodeOn(new MemoryStore(), [orderProjection(), orderProjection()])).toThrow(
      'has the name "order-list" already',
    );
  });
});
