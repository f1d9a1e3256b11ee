import assert from 'node:assert/strict';
import type { Store } from '@catga/core';
import { append, commit, events, put, readEverything } from './build.js';
import type { Suite } from './suite.js';

/** Opening, closing, coming back. */
export function lifecycleTests({ it, store, options }: Suite): void {
  it('promises what the suite was told to test', () => {
    const { name, payload, durable, shared } = store().capabilities;
    assert.notEqual(name, '');
    assert.deepEqual(
      { payload, durable, shared },
      { payload: options.payload, durable: options.reopen !== undefined, shared: options.second !== undefined },
    );
  });

  it('answers pings while it is open', async () => {
    await store().ping();
    await append(store(), 's', 'any', 'e');
    await store().ping();
    assert.equal((await readEverything(store())).length, 1);
    assert.equal((await append(store(), 's', 1, 'e')).position, 2);
  });

  it('tells the time of now', async () => {
    assert.ok(Math.abs((await store().now()) - Date.now()) < 60_000);
  });

  it('finishes the commits under way before it closes', async () => {
    const writes = Array.from({ length: 50 }, (_, index) => append(store(), `s${index}`, 'any', 'e'));
    await store().close();
    await Promise.all(writes);
  });

  it('refuses everything once it is closed, and closes twice without harm', async () => {
    const closed = store();
    await closed.close();
    await closed.close();
    const uses: ((store: Store) => Promise<unknown>)[] = [
      (it) => commit(it, { appends: [{ stream: 's', expectedVersion: 'any', events: events('e') }] }),
      (it) => it.readStream('s'),
      (it) => it.readAll(),
      (it) => it.getRecord('c', 'k'),
      (it) => it.findRecords({ collection: 'c' }),
      (it) => it.ping(),
      (it) => it.now(),
    ];
    for (const use of uses) await assert.rejects(use(closed), { code: 'CATGA_STORE_CLOSED', kind: 'infrastructure' });
  });

  const { reopen } = options;
  if (reopen === undefined) return;

  it('has everything after closing and opening again', async () => {
    await append(store(), 's', 'any', 'a', 'b');
    await append(store(), 'gone', 'any', 'x');
    await put(store(), 'k', { tags: ['t'], dueAt: 5 });
    await put(store(), 'k', { tags: ['u'], dueAt: 6 });
    await commit(store(), { deleteStreams: ['gone'] });
    const before = [await readEverything(store()), await store().getRecord('c', 'k')];
    await store().close();
    const again = await reopen(store());
    try {
      assert.deepEqual([await readEverything(again), await again.getRecord('c', 'k')], before);
      assert.equal((await again.findRecords({ collection: 'c', tags: ['u'] })).records.length, 1);
      await assert.rejects(append(again, 's', 1, 'c'), { code: 'CATGA_VERSION_CONFLICT', actual: 2 });
      assert.deepEqual(await append(again, 's', 2, 'c'), { position: 4, versions: [3], recordVersions: [] });
      assert.deepEqual((await put(again, 'k', { ifVersion: 2 })).recordVersions, [3]);
    } finally {
      await again.close();
    }
  });
}
