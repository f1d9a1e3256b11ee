import { MemoryStore, type Store } from '@catga/core';
import { FaultyStore } from '@catga/testing';
import {
  appendAll,
  contents,
  expected,
  history,
  nodeOn,
  orderProjection,
  tick,
  until,
  type Node,
} from './support/shop.js';

const list = history(24);
const wanted = expected(list.map(({ event }) => event));

async function filled(): Promise<MemoryStore> {
  const store = new MemoryStore({ mode: 'copy' });
  await appendAll(nodeOn(store, []).log, list);
  return store;
}

/** Lets a fresh node finish whatever was cut off. */
async function finished(store: Store): Promise<Node> {
  const last = nodeOn(store, [orderProjection({ batch: 5 })]);
  await last.runtime.start();
  await last.runtime.projections.waitFor('order-list', list.length);
  return last;
}

describe('a projection that is killed', () => {
  it.each([false, true])(
    'at any write equals one that was never killed (answer of the last write lost: %s)',
    async (applied) => {
      for (let crashAt = 1; ; crashAt++) {
        const store = await filled();
        const dying = new FaultyStore(store).crashAfter(crashAt, { applied });
        const first = nodeOn(dying, [orderProjection({ batch: 5 })]);
        let ended = false;
        void first.runtime.start().then(
          () =>
            first.runtime.projections.waitFor('order-list', list.length, { timeout: '3s' }).then(
              () => (ended = true),
              () => undefined,
            ),
          () => undefined,
        );
        await until(() => ended || dying.crashed, 'it has crashed or ended');
        first.runtime.crash();
        const last = await finished(store);
        expect(await contents(last)).toEqual(wanted);
        expect((await last.runtime.projections.status('order-list')).lag.events).toBe(0);
        await last.runtime.stop();
        if (!dying.crashed) break;
        expect(crashAt).toBeLessThan(60);
      }
    },
  );

  it('goes on by itself when the store comes back, also after commits whose answer was lost', async () => {
    const store = new FaultyStore(await filled());
    const node = nodeOn(store, [orderProjection({ batch: 5 })]);
    await node.runtime.start();
    store.failNext(1).failNext(2, undefined, { applied: true });
    await node.runtime.projections.waitFor('order-list', list.length);
    expect(await contents(node)).toEqual(wanted);
    await node.runtime.stop();
  });

  it('has no effect that is doubled or lost when two nodes work on it at once', async () => {
    // A memory store knows no leases: both are owners all the time, and only the checkpoint keeps them apart.
    const store = new MemoryStore({ mode: 'copy' });
    const slow = (): Promise<void> => tick();
    const nodes = [1, 2, 3].map(() => nodeOn(store, [orderProjection({ batch: 3 }, slow)]));
    for (const { runtime } of nodes) await runtime.start();
    const more = history(40);
    const position = await appendAll((nodes[0] as Node).log, more);
    for (const { runtime } of nodes) await runtime.projections.waitFor('order-list', position, { timeout: '15s' });
    expect(await contents(nodes[1] as Node)).toEqual(expected(more.map(({ event }) => event)));
    for (const { runtime } of nodes) await runtime.stop();
  });

  it('with partitions gives what one without gives, also where partitions write the same record', async () => {
    const store = new MemoryStore({ mode: 'copy' });
    const node = nodeOn(store, [orderProjection({ partitions: 4, batch: 6 })]);
    await node.runtime.start();
    const more = history(60);
    const position = await appendAll(node.log, more);
    await node.runtime.projections.waitFor('order-list', position);
    expect(await contents(node)).toEqual(expected(more.map(({ event }) => event)));
    const { partitions, events } = await node.runtime.projections.status('order-list');
    expect(partitions).toHaveLength(4);
    expect(events).toBe(90);
    await node.runtime.stop();
    // Where each partition was is kept.
    const again = nodeOn(store, [orderProjection({ partitions: 4 })]);
    await again.runtime.start();
    await again.runtime.projections.waitFor('order-list', position);
    expect(await contents(again)).toEqual(expected(more.map(({ event }) => event)));
    await again.runtime.stop();
  });
});
