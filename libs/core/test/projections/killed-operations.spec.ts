import { MemoryStore, On, Projection, StoreUnavailableError, type ProjectionContext, type Store } from '@catga/core';
import { FaultyStore } from '@catga/testing';
import { Ledger } from './support/ledger.js';
import {
  appendAll,
  contents,
  expected,
  history,
  nodeOn,
  OrderPlaced,
  orderProjection,
  OrderShipped,
  tick,
  until,
  type Node,
} from './support/shop.js';

/** More than a fence stands when its holder is dead. */
const LATER = 11_000;
const NAME = 'order-list';

/** A store whose time can be moved on, so that nobody has to wait for the fence of a dead node. */
function storeInTime(): { readonly store: MemoryStore; pass(): void } {
  let ahead = 0;
  const clock = { now: () => Date.now() + ahead, monotonic: () => performance.now() };
  return { store: new MemoryStore({ mode: 'copy', clock }), pass: () => void (ahead += LATER) };
}

const eventsOf = (list: readonly { readonly event: object }[]): object[] => list.map(({ event }) => event);

/** What the store says of a projection, as far as it matters here. */
interface State {
  readonly live?: { readonly generation: number };
}

/** Begins something on a node whose store dies; answers when it has died or the work is done. */
async function untilDead(dying: FaultyStore, node: Node, work: () => Promise<unknown>): Promise<void> {
  let ended = false;
  let failure: Error | undefined;
  void work().then(
    () => (ended = true),
    (error: Error) => (failure = error),
  );
  await until(() => {
    if (failure !== undefined && !dying.crashed) throw failure;
    return ended || dying.crashed;
  }, 'it has died or ended');
  node.runtime.crash();
}

/** Does it for every write there is: `run` answers false when its node has not died any more. */
async function atEveryWrite(run: (crashAt: number) => Promise<boolean>): Promise<number> {
  for (let crashAt = 1; ; crashAt++) {
    if (!(await run(crashAt))) return crashAt - 1;
    expect(crashAt).toBeLessThan(60);
  }
}

/** Has the dead node left the live model closed? */
async function isClosed(store: Store): Promise<boolean> {
  return (await store.getRecord('projection-fences', `${NAME}@1`)) !== undefined;
}

/** Fails one write of a node that lives on. Time passes after it, as a fence whose answer was lost is nobody's. */
function failWrite(store: FaultyStore, at: number, applied: boolean, pass: () => void): () => boolean {
  let writes = 0;
  store.delayCommits(async () => {
    if (++writes !== at) return;
    store.failNext(1, undefined, { applied });
    setTimeout(pass, 30);
  });
  return () => writes >= at;
}

/** Again when the store was away. */
async function insisting(work: () => Promise<unknown>): Promise<void> {
  await work().catch(async (error: unknown) => {
    if (!(error instanceof StoreUnavailableError)) throw error;
    await work();
  });
}

async function collections(store: Store, generation: number): Promise<number> {
  const pages = await Promise.all(
    ['orders', 'revenue'].map((model) =>
      store.findRecords({ collection: `model:${NAME}/${model}@${generation}`, limit: 500 }),
    ),
  );
  return pages.reduce((sum, { records }) => sum + records.length, 0);
}

describe.each(['async', 'inline'] as const)('a node that is killed in a rebuild of a projection that is %s', (mode) => {
  const list = history(20);
  const more = history(4, 20);
  const projection = () => orderProjection({ mode, batch: 8 });

  it.each([false, true])(
    'at any write, swap and removal included, leaves what another one makes complete (last answer lost: %s)',
    async (applied) => {
      const generations = new Set<number>();
      let closed = 0;
      const writes = await atEveryWrite(async (crashAt) => {
        const { store, pass } = storeInTime();
        const first = nodeOn(store, [projection()]);
        await first.runtime.start();
        await first.runtime.projections.waitFor(NAME, await appendAll(first.log, list));
        await first.runtime.stop();

        const dying = new FaultyStore(store).crashAfter(crashAt, { applied });
        const node = nodeOn(dying, [projection()], { removeAfter: 1 });
        // Another node that appends meanwhile; inline, its commits meet the swap.
        const writer = nodeOn(store, mode === 'inline' ? [projection()] : []);
        await writer.runtime.prepare();
        const written = appendAll(writer.log, more);
        await untilDead(dying, node, async () => {
          await node.runtime.start();
          await node.runtime.projections.rebuild(NAME);
          await node.runtime.projections.rebuilt(NAME);
          await until(async () => (await collections(dying, 1)) === 0, 'the old model is removed');
        });
        if (await isClosed(store)) closed++;
        pass();

        const last = nodeOn(store, [projection()], { removeAfter: 1 });
        await last.runtime.start();
        const { projections } = last.runtime;
        await projections.rebuilt(NAME);
        await projections.waitFor(NAME, await written);
        expect(await contents(last)).toEqual(expected(eventsOf([...list, ...more])));
        const { generation, condition, lag } = await projections.status(NAME);
        expect({ condition, lag: lag.events }).toEqual({ condition: 'running', lag: 0 });
        generations.add(generation);
        // It is open: events are taken, and nothing is left of what nobody reads.
        const late = history(2, 24);
        await projections.waitFor(NAME, await appendAll(last.log, late));
        expect(await contents(last)).toEqual(expected(eventsOf([...list, ...more, ...late])));
        if (generation === 2) {
          await until(async () => (await collections(store, 1)) === 0, 'the old model is removed');
          await until(
            async () => (await store.getRecord('checkpoints', `${NAME}@1/0`)) === undefined,
            'its checkpoint is removed',
          );
        }
        await last.runtime.stop();
        await writer.runtime.stop();
        return dying.crashed;
      });
      expect(writes).toBeGreaterThan(8);
      expect(generations).toContain(2);
      // It has died in the swap, too.
      expect(closed).toBeGreaterThan(1);
    },
  );

  it.each([false, true])(
    'or whose store fails at any write comes to the same end by itself (write applied: %s)',
    async (applied) => {
      const writes = await atEveryWrite(async (failAt) => {
        const { store: inner, pass } = storeInTime();
        const store = new FaultyStore(inner);
        const node = nodeOn(store, [projection()], { removeAfter: 1 });
        const { projections } = node.runtime;
        await node.runtime.start();
        await projections.waitFor(NAME, await appendAll(node.log, list));
        const hasFailed = failWrite(store, failAt, applied, pass);
        await insisting(() => projections.rebuild(NAME));
        await projections.rebuilt(NAME);
        const { generation } = await projections.status(NAME);
        await until(async () => (await collections(inner, generation - 1)) === 0, 'the old model is removed');
        const failed = hasFailed();
        store.recover();
        await projections.waitFor(NAME, await appendAll(node.log, more));
        expect(await contents(node)).toEqual(expected(eventsOf([...list, ...more])));
        await node.runtime.stop();
        return failed;
      });
      expect(writes).toBeGreaterThan(8);
    },
  );
});

describe('a node that is killed while it replays dead letters', () => {
  const placed = (id: string, amount = 1) => ({ stream: `order-${id}`, event: new OrderPlaced(id, 'de', amount) });
  const shipped = (id: string) => ({ stream: `order-${id}`, event: new OrderShipped(id) });
  const list = [placed('1'), placed('2'), shipped('1'), shipped('2'), placed('3'), placed('2', 5), placed('4')];
  const meanwhile = [shipped('2'), placed('5')];
  const failing = (broken: boolean) =>
    orderProjection({ onError: { attempts: 1, then: 'skip' } }, (event) => {
      if (broken && event instanceof OrderPlaced && ['2', '4'].includes(event.orderId)) throw new Error('not yet');
    });

  it.each([false, true])(
    'at any write leaves each event taken or waiting, and a second replay completes it (last answer lost: %s)',
    async (applied) => {
      const left = new Set<number>();
      let closed = 0;
      const writes = await atEveryWrite(async (crashAt) => {
        const { store, pass } = storeInTime();
        const first = nodeOn(store, [failing(true)]);
        await first.runtime.start();
        await first.runtime.projections.waitFor(NAME, await appendAll(first.log, list));
        await first.runtime.stop();

        const dying = new FaultyStore(store).crashAfter(crashAt, { applied });
        const node = nodeOn(dying, [failing(false)]);
        const written = appendAll(nodeOn(store, []).log, meanwhile);
        await untilDead(dying, node, async () => {
          await node.runtime.start();
          await node.runtime.projections.replay(NAME, '1-2');
          await node.runtime.projections.discard(NAME, '1-7');
          await node.runtime.projections.waitFor(NAME, await written);
          // What came behind the replay, if it did.
          const [behind] = (await node.runtime.projections.deadLetters(NAME)).letters;
          if (behind !== undefined) await node.runtime.projections.replay(NAME, behind.id);
        });
        if (await isClosed(store)) closed++;
        pass();

        const last = nodeOn(store, [failing(false)]);
        await last.runtime.start();
        const { projections } = last.runtime;
        await projections.waitFor(NAME, await written);
        const { letters } = await projections.deadLetters(NAME);
        left.add(letters.length);
        for (const { id, key } of letters) if (key === 'order-4') await projections.discard(NAME, id);
        const [next] = letters.filter(({ key }) => key === 'order-2');
        if (next !== undefined) await projections.replay(NAME, next.id);
        expect((await projections.deadLetters(NAME)).letters).toEqual([]);
        // The key is free again for the owner, too.
        const late = [placed('2', 9)];
        await projections.waitFor(NAME, await appendAll(last.log, late));
        const all = [...list.slice(0, -1), ...meanwhile, ...late];
        expect(await contents(last)).toEqual(expected(eventsOf(all)));
        await last.runtime.stop();
        return dying.crashed;
      });
      expect(writes).toBeGreaterThan(7);
      expect(left.size).toBeGreaterThan(2);
      expect(closed).toBeGreaterThan(3);
    },
  );
});

describe('while', () => {
  it('dead letters go into a database of their own, a store that fails has none taken twice or lost', async () => {
    for (const applied of [false, true]) {
      await atEveryWrite(async (failAt) => {
        let broken = true;
        @Projection({ name: NAME, target: Ledger, onError: { attempts: 1, then: 'skip' } })
        class Sums {
          @On(OrderPlaced)
          placed({ orderId, country, amount }: OrderPlaced, { target }: ProjectionContext<Map<string, number>>): void {
            if (broken && orderId !== '1') throw new Error('not yet');
            target.set(country, (target.get(country) ?? 0) + amount);
          }
        }
        const { store: inner, pass } = storeInTime();
        const store = new FaultyStore(inner);
        const ledger = new Ledger();
        const node = nodeOn(store, [Sums], { removeAfter: 1 }, ledger);
        const { projections } = node.runtime;
        await node.runtime.start();
        const list = [
          ...['1', '2', '3'].map((id) => ({ stream: `order-${id}`, event: new OrderPlaced(id, 'de', 1) })),
          { stream: 'order-2', event: new OrderPlaced('2', 'de', 10) },
        ];
        await projections.waitFor(NAME, await appendAll(node.log, list));
        expect(ledger.sums.get('de')).toBe(1);
        broken = false;
        const hasFailed = failWrite(store, failAt, applied, pass);
        // Whoever operates it goes on with another one first.
        await projections.replay(NAME, '1-2').catch(() => undefined);
        await projections.replay(NAME, '1-3').catch(() => undefined);
        const failed = hasFailed();
        store.recover();
        pass();
        for (let left = await projections.deadLetters(NAME); left.letters.length > 0;) {
          await projections.replay(NAME, left.letters[0]?.id ?? '');
          left = await projections.deadLetters(NAME);
        }
        expect(ledger.sums.get('de')).toBe(13);
        await projections.rebuild(NAME);
        await projections.rebuilt(NAME);
        const old = () => [...ledger.positions.keys()].filter((name) => name.startsWith(`${NAME}@1/`));
        await until(() => old().length === 0, 'positions of the old generation are removed');
        await node.runtime.stop();
        return failed;
      });
    }
  });

  it('the store fails, the removal of an old model is tried again, but not all the time', async () => {
    const store = new FaultyStore(new MemoryStore());
    const node = nodeOn(store, [orderProjection()], { removeAfter: 1 });
    const { projections } = node.runtime;
    await node.runtime.start();
    await projections.waitFor(NAME, await appendAll(node.log, history(3)));
    let broken = true;
    store.delayCommits(async () => {
      const state = (await store.inner.getRecord('projections', NAME))?.value as State | undefined;
      if (broken && state?.live?.generation === 2) store.failNext(1);
    });
    await projections.rebuild(NAME);
    await projections.rebuilt(NAME);
    await until(() => node.warnings.length > 0, 'it has failed');
    await tick(150);
    expect(node.warnings.length).toBeLessThan(4);
    broken = false;
    await until(async () => (await collections(store.inner, 1)) === 0, 'the old model is removed');
    await node.runtime.stop();
  });

  it('an old model waits to be removed is not forgotten when the projection is stopped and started again', async () => {
    const store = new MemoryStore({ mode: 'copy' });
    const node = nodeOn(store, [orderProjection()], { removeAfter: 300 });
    const { projections } = node.runtime;
    await node.runtime.start();
    await projections.waitFor(NAME, await appendAll(node.log, history(3)));
    await projections.rebuild(NAME);
    await projections.rebuilt(NAME);
    await tick(50);
    expect(await collections(store, 1)).toBeGreaterThan(0);
    await projections.stop(NAME);
    await projections.start(NAME);
    await until(async () => (await collections(store, 1)) === 0, 'the old model is removed', 3_000);
    await node.runtime.stop();
  });
});
