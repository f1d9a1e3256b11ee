import assert from 'node:assert/strict';
import { commit, eventually, put, remove } from './build.js';
import type { Suite } from './suite.js';

/** One record at a time: versions, conditions, expiry. */
export function recordTests({ it, store }: Suite): void {
  it('creates, changes and deletes a record, counting its versions', async () => {
    assert.deepEqual((await put(store(), 'k')).recordVersions, [1]);
    assert.deepEqual((await put(store(), 'k', { value: 'two' })).recordVersions, [2]);
    assert.equal((await store().getRecord('c', 'k'))?.value, 'two');
    assert.deepEqual((await remove(store(), 'k')).recordVersions, [0]);
    assert.equal(await store().getRecord('c', 'k'), undefined);
    assert.deepEqual((await put(store(), 'k')).recordVersions, [1]);
  });

  it('gives a record back with everything that was said about it', async () => {
    const expiresAt = (await store().now()) + 3_600_000;
    await put(store(), 'k', { value: 'v', dueAt: 5, tags: ['b', 'a'], expiresAt });
    const record = await store().getRecord('c', 'k');
    assert.ok(record !== undefined);
    const { createdAt, updatedAt, tags, ...rest } = record;
    assert.deepEqual(rest, { collection: 'c', key: 'k', value: 'v', version: 1, dueAt: 5, expiresAt });
    assert.deepEqual([...tags].sort(), ['a', 'b']);
    assert.ok(Math.abs(createdAt - Date.now()) < 60_000, `created at ${createdAt}`);
    assert.equal(updatedAt, createdAt);
  });

  it('replaces due time, tags and expiry with each write, and keeps the time of creation', async () => {
    await put(store(), 'k', { dueAt: 5, tags: ['a'], expiresAt: (await store().now()) + 3_600_000 });
    const before = await store().getRecord('c', 'k');
    await eventually('the clock moves', async () => (await store().now()) > (before?.updatedAt ?? 0));
    await put(store(), 'k', { value: 'two' });
    const after = await store().getRecord('c', 'k');
    assert.ok(before !== undefined && after !== undefined);
    assert.deepEqual(after, {
      collection: 'c',
      key: 'k',
      value: 'two',
      version: 2,
      createdAt: before.createdAt,
      updatedAt: after.updatedAt,
      tags: [],
    });
    assert.ok(after.updatedAt > before.updatedAt);
    assert.deepEqual((await store().findRecords({ collection: 'c', tags: ['a'] })).records, []);
    assert.deepEqual((await store().findRecords({ collection: 'c', dueBefore: 10 })).records, []);
  });

  it('keeps collections and keys apart', async () => {
    await commit(store(), {
      records: [
        { collection: 'a', key: 'b/c', value: '1', tags: ['t'] },
        { collection: 'a/b', key: 'c', value: '2', tags: ['t'] },
        { collection: 'a', key: 'B/C', value: '3' },
      ],
    });
    assert.equal((await store().getRecord('a', 'b/c'))?.value, '1');
    assert.equal((await store().getRecord('a/b', 'c'))?.value, '2');
    assert.equal((await store().getRecord('a', 'B/C'))?.value, '3');
    assert.equal((await store().findRecords({ collection: 'a', tags: ['b/t'] })).records.length, 0);
    assert.equal((await store().findRecords({ collection: 'a', tags: ['t'] })).records.length, 1);
  });

  it('writes only if the record has the version that was said', async () => {
    await assert.rejects(put(store(), 'k', { ifVersion: 1 }), {
      code: 'CATGA_RECORD_CONFLICT',
      expected: 1,
      actual: 0,
    });
    await put(store(), 'k', { ifVersion: 0 });
    await assert.rejects(put(store(), 'k', { ifVersion: 0 }), {
      code: 'CATGA_RECORD_CONFLICT',
      expected: 0,
      actual: 1,
    });
    await put(store(), 'k', { ifVersion: 1 });
    await assert.rejects(remove(store(), 'k', { ifVersion: 1 }), { code: 'CATGA_RECORD_CONFLICT', actual: 2 });
    await remove(store(), 'k', { ifVersion: 2 });
    await assert.rejects(remove(store(), 'k', { ifVersion: 2 }), { code: 'CATGA_RECORD_CONFLICT', actual: 0 });
    assert.deepEqual((await remove(store(), 'k', { ifVersion: 0 })).recordVersions, [0]);
  });

  it('takes the writes of one commit one after the other', async () => {
    const write = { collection: 'c', key: 'k' };
    const result = await commit(store(), {
      records: [
        { ...write, value: 'one', ifVersion: 0, tags: ['a'] },
        { ...write, value: 'two', ifVersion: 1, tags: ['b'] },
        { ...write, ifVersion: 2 },
        { ...write, value: 'four', ifVersion: 0, tags: ['d'] },
      ],
    });
    assert.deepEqual(result.recordVersions, [1, 2, 0, 1]);
    assert.equal((await store().getRecord('c', 'k'))?.value, 'four');
    assert.equal((await store().findRecords({ collection: 'c', tags: ['a'] })).records.length, 0);
    assert.equal((await store().findRecords({ collection: 'c', tags: ['d'] })).records.length, 1);
  });

  it('has forgotten an expired record for reads and for writes', async () => {
    const now = await store().now();
    await put(store(), 'gone', { expiresAt: now - 1, tags: ['t'], dueAt: 1 });
    await put(store(), 'soon', { expiresAt: now + 60, tags: ['t'], dueAt: 1 });
    await put(store(), 'stays', { expiresAt: now + 3_600_000, tags: ['t'], dueAt: 1 });
    await eventually('the clock reaches the expiry', async () => (await store().now()) > now + 60);
    assert.equal(await store().getRecord('c', 'gone'), undefined);
    assert.equal(await store().getRecord('c', 'soon'), undefined);
    for (const query of [{}, { tags: ['t'] }, { dueBefore: 2 }, { order: 'newest' }, { order: 'due' }] as const) {
      const { records } = await store().findRecords({ collection: 'c', ...query });
      assert.deepEqual(
        records.map(({ key }) => key),
        ['stays'],
      );
    }
    await assert.rejects(put(store(), 'soon', { ifVersion: 1 }), { code: 'CATGA_RECORD_CONFLICT', actual: 0 });
    assert.deepEqual((await put(store(), 'soon', { ifVersion: 0, tags: ['t2'] })).recordVersions, [1]);
    assert.equal((await store().findRecords({ collection: 'c', tags: ['t'] })).records.length, 1);
    assert.equal((await store().findRecords({ collection: 'c', tags: ['t2'] })).records.length, 1);
  });
}
