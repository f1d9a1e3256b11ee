import {
  MemoryStore,
  NonRetriableError,
  On,
  Projection,
  type LogPage,
  type ProjectionContext,
  type ReadAllOptions,
} from '@catga/core';
import {
  appendAll,
  contents,
  expected,
  nodeOn,
  OrderPlaced,
  orderProjection,
  Orders,
  OrderShipped,
  until,
} from './support/shop.js';

const placed = (id: string, country = 'de') => ({ stream: `order-${id}`, event: new OrderPlaced(id, country, 1) });
const shipped = (id: string) => ({ stream: `order-${id}`, event: new OrderShipped(id) });

/** Throws on one order until it is mended. */
class Fault {
  mended = false;
  tries = 0;
  constructor(readonly order: string) {}
  readonly hook = (event: object): void => {
    if (this.mended || !(event instanceof OrderPlaced) || event.orderId !== this.order) return;
    this.tries++;
    throw new Error(`no room for ${this.order}`);
  };
}

const quick = { attempts: 3, backoff: 1 } as const;

describe('an event that a projection cannot take', () => {
  it('is tried as often as said, then everything before it is there, the projection stands still, and says why', async () => {
    const fault = new Fault('3');
    const store = new MemoryStore({ mode: 'copy' });
    const node = nodeOn(store, [orderProjection({ onError: quick }, fault.hook)]);
    await node.runtime.start();
    const list = ['1', '2', '3', '4'].map((id) => placed(id));
    await appendAll(node.log, list);
    const { projections } = node.runtime;
    await until(async () => (await projections.status('order-list')).condition === 'failed', 'it has failed');
    expect(fault.tries).toBe(3);
    expect(await contents(node)).toEqual(expected(list.slice(0, 2).map(({ event }) => event)));
    const status = await projections.status('order-list');
    expect(status).toMatchObject({
      position: 2,
      lag: { events: 2 },
      paused: { error: { message: 'no room for 3' }, event: { position: 3, type: 'order-placed', attempts: 3 } },
    });
    expect(node.warnings.join()).toContain('stands still before event 3');
    await expect(projections.waitFor('order-list', 4, { timeout: 20 })).rejects.toMatchObject({
      code: 'CATGA_PROJECTION_WAIT_TIMEOUT',
      message: expect.stringContaining('and failed'),
    });
    await node.runtime.stop();

    // A restart does not forget it; resuming goes on where it stood.
    fault.mended = true;
    const again = nodeOn(store, [orderProjection({ onError: quick }, fault.hook)]);
    await again.runtime.start();
    expect((await again.runtime.projections.status('order-list')).condition).toBe('failed');
    expect(await contents(again)).toEqual(expected(list.slice(0, 2).map(({ event }) => event)));
    await again.runtime.projections.resume('order-list');
    await again.runtime.projections.waitFor('order-list', 4);
    expect(await contents(again)).toEqual(expected(list.map(({ event }) => event)));
    await again.runtime.stop();
  });

  it('is not tried again when trying cannot mend it', async () => {
    let tries = 0;
    const projection = orderProjection({ onError: { ...quick, then: 'skip' } }, () => {
      tries++;
      throw new NonRetriableError('never');
    });
    const node = nodeOn(new MemoryStore(), [projection]);
    await node.runtime.start();
    await appendAll(node.log, [placed('1')]);
    await node.runtime.projections.waitFor('order-list', 1);
    expect(tries).toBe(1);
    await node.runtime.stop();
  });

  it('becomes a dead letter with later ones of its key, which a replay takes in their order', async () => {
    const fault = new Fault('2');
    const node = nodeOn(new MemoryStore({ mode: 'copy' }), [
      orderProjection({ onError: { ...quick, then: 'skip' } }, fault.hook),
    ]);
    const { projections } = node.runtime;
    await node.runtime.start();
    const list = [placed('1'), placed('2'), shipped('1'), shipped('2'), placed('3')];
    await appendAll(node.log, list);
    await projections.waitFor('order-list', 5);
    expect(await contents(node)).toEqual(expected([0, 2, 4].map((n) => (list[n] as { event: object }).event)));
    const { letters } = await projections.deadLetters('order-list');
    expect(letters.map(({ id, reason, key, attempts }) => ({ id, reason, key, attempts }))).toEqual([
      { id: '1-2', reason: 'failed', key: 'order-2', attempts: 3 },
      { id: '1-4', reason: 'behind', key: 'order-2', attempts: 0 },
    ]);
    expect(letters[0]?.error?.message).toBe('no room for 2');
    expect((await projections.status('order-list')).deadLetters).toBe(2);

    await expect(projections.replay('order-list', '1-4')).rejects.toMatchObject({ code: 'CATGA_DEAD_LETTER_REPLAY' });
    const failed = await projections.replay('order-list', '1-2');
    expect(failed).toMatchObject({ replayed: 0, failed: { id: '1-2', attempts: 4 } });

    fault.mended = true;
    expect(await projections.replay('order-list', '1-2')).toEqual({ replayed: 2 });
    expect((await projections.deadLetters('order-list')).letters).toEqual([]);
    // The key is free again, also for the owner that had blocked it.
    const late = { stream: 'order-2', event: new OrderPlaced('2', 'fr', 9) };
    await projections.waitFor('order-list', await appendAll(node.log, [late]));
    const order = [0, 2, 4, 1, 3].map((n) => (list[n] as { event: object }).event);
    expect(await contents(node)).toEqual(expected([...order, late.event]));
    await expect(projections.replay('order-list', '1-2')).rejects.toMatchObject({
      code: 'CATGA_DEAD_LETTER_NOT_FOUND',
    });
    await node.runtime.stop();
  });

  it('can be discarded, and its key goes on without it', async () => {
    const fault = new Fault('2');
    const node = nodeOn(new MemoryStore({ mode: 'copy' }), [
      orderProjection({ onError: { ...quick, then: 'skip' } }, fault.hook),
    ]);
    const { projections } = node.runtime;
    await node.runtime.start();
    await appendAll(node.log, [placed('2')]);
    await projections.waitFor('order-list', 1);
    await projections.discard('order-list', '1-1');
    expect((await projections.deadLetters('order-list')).letters).toEqual([]);
    fault.mended = true;
    const list = [{ stream: 'order-2', event: new OrderPlaced('2', 'uk', 4) }];
    await projections.waitFor('order-list', await appendAll(node.log, list));
    expect(await contents(node)).toEqual(expected(list.map(({ event }) => event)));
    await node.runtime.stop();
  });

  it('keeps dead letters and blocked keys over a restart', async () => {
    const store = new MemoryStore({ mode: 'copy' });
    const type = orderProjection({ onError: { ...quick, then: 'skip' } }, new Fault('2').hook);
    const first = nodeOn(store, [type]);
    await first.runtime.start();
    await first.runtime.projections.waitFor('order-list', await appendAll(first.log, [placed('2')]));
    await first.runtime.stop();
    const second = nodeOn(store, [type]);
    await second.runtime.start();
    const list = [shipped('2'), placed('5')];
    await second.runtime.projections.waitFor('order-list', await appendAll(second.log, list));
    expect(await contents(second)).toEqual(expected([(list[1] as { event: object }).event]));
    const { letters } = await second.runtime.projections.deadLetters('order-list');
    expect(letters.map(({ id, reason }) => [id, reason])).toEqual([
      ['1-1', 'failed'],
      ['1-2', 'behind'],
    ]);
    await second.runtime.stop();
  });

  it('is found when what it wanted to change is read later than its method ran', async () => {
    @Projection({ name: 'deferred', models: [Orders], onError: { ...quick, then: 'skip' } })
    class Deferred {
      @On(OrderPlaced)
      placed({ orderId }: OrderPlaced, ctx: ProjectionContext) {
        ctx.model(Orders).update(orderId, () => {
          if (orderId === '2') throw new Error('late');
          return { id: orderId, country: '', amount: 0, status: 'placed', seen: 1 };
        });
      }
    }
    const node = nodeOn(new MemoryStore({ mode: 'copy' }), [Deferred]);
    await appendAll(
      node.log,
      ['1', '2', '3'].map((id) => placed(id)),
    );
    await node.runtime.start();
    await node.runtime.projections.waitFor(Deferred, 3);
    const { items } = await node.runtime.readModels.of(Deferred, Orders).find();
    expect(items.map(({ key }) => key)).toEqual(['1', '3']);
    expect((await node.runtime.projections.deadLetters(Deferred)).letters.map(({ id }) => id)).toEqual(['1-2']);
    await node.runtime.stop();
  });

  it.each([
    ['nothing', () => undefined as never, 'returned nothing'],
    ['a promise', () => Promise.resolve({}) as never, 'is async'],
  ])('is told so when update is given a function that returns %s', async (_what, change, message) => {
    @Projection({ name: 'wrong', models: [Orders], onError: { attempts: 1 } })
    class Wrong {
      @On(OrderPlaced)
      placed(_event: OrderPlaced, ctx: ProjectionContext) {
        ctx.model(Orders).update('1', change);
      }
    }
    const node = nodeOn(new MemoryStore(), [Wrong]);
    await node.runtime.start();
    await appendAll(node.log, [placed('1')]);
    const { projections } = node.runtime;
    await until(async () => (await projections.status(Wrong)).paused !== undefined, 'it has failed');
    const { paused } = await projections.status(Wrong);
    expect(paused?.error).toMatchObject({ code: 'CATGA_READ_MODEL_VALUE', message: expect.stringContaining(message) });
    await node.runtime.stop();
  });
});

/** A log that has lost its end, as after a fail-over to a copy that was behind; the records are another store's. */
class Shortened extends MemoryStore {
  last = Number.MAX_SAFE_INTEGER;
  override async readAll(options?: ReadAllOptions): Promise<LogPage> {
    const page = await super.readAll(options);
    return {
      events: page.events.filter(({ position }) => position <= this.last),
      position: Math.min(page.position, this.last),
    };
  }
}

describe('a projection whose checkpoint is beyond the end of the log', () => {
  it('says so and takes nothing, until what was lost is back', async () => {
    const store = new Shortened({ mode: 'copy' });
    const before = nodeOn(store, [orderProjection()]);
    await before.runtime.start();
    await before.runtime.projections.waitFor('order-list', await appendAll(before.log, [placed('1'), placed('2')]));
    await before.runtime.stop();
    store.last = 1;
    const node = nodeOn(store, [orderProjection()]);
    await node.runtime.start();
    await until(() => node.warnings.join().includes('the log ends at 1'), 'it is said');
    expect(node.warnings.join()).toContain('has handled events up to position 2');
    store.last = Number.MAX_SAFE_INTEGER;
    await node.runtime.projections.waitFor('order-list', await appendAll(node.log, [placed('3')]));
    expect(Object.keys(await contents(node))).toContain('orders/3');
    await node.runtime.stop();
  });
});
