import assert from 'node:assert/strict';
import type { RecordQuery, StoredRecord } from '@catga/core';
import { commit, eventually, keys, put, remove } from './build.js';
import type { Suite } from './suite.js';

/** Finding records by tag, due time, time of creation; pages. */
export function recordQueryTests({ it, store }: Suite): void {
  const find = async (query: Omit<RecordQuery, 'collection'> = {}): Promise<string[]> =>
    keys(await store().findRecords({ collection: 'c', ...query }));

  it('finds the records of a collection, oldest or newest first', async () => {
    for (const key of ['b', 'a', 'c']) await put(store(), key);
    await commit(store(), { records: [{ collection: 'other', key: 'x', value: 'v' }] });
    await put(store(), 'b', { value: 'changed' });
    assert.deepEqual(await find(), ['b', 'a', 'c']);
    assert.deepEqual(await find({ order: 'newest' }), ['c', 'a', 'b']);
    await remove(store(), 'b');
    await put(store(), 'b');
    assert.deepEqual(await find(), ['a', 'c', 'b']);
    assert.deepEqual(keys(await store().findRecords({ collection: 'none' })), []);
  });

  it('finds by every tag that is asked for', async () => {
    await put(store(), '1', { tags: ['x', 'y'] });
    await put(store(), '2', { tags: ['x'] });
    await put(store(), '3', { tags: ['y', 'x', 'z'] });
    assert.deepEqual(await find({ tags: ['x'] }), ['1', '2', '3']);
    assert.deepEqual(await find({ tags: ['x', 'y'] }), ['1', '3']);
    assert.deepEqual(await find({ tags: ['y', 'x'], order: 'newest' }), ['3', '1']);
    assert.deepEqual(await find({ tags: ['x', 'none'] }), []);
    assert.deepEqual(await find({ tags: [] }), ['1', '2', '3']);
    await put(store(), '1', { tags: ['y', 'new'] });
    await remove(store(), '3');
    assert.deepEqual(await find({ tags: ['x'] }), ['2']);
    assert.deepEqual(await find({ tags: ['new'] }), ['1']);
    assert.deepEqual(await find({ tags: ['y'] }), ['1']);
  });

  it('takes a tag that is given twice for one', async () => {
    await put(store(), '1', { tags: ['x', 'x'] });
    assert.deepEqual((await store().getRecord('c', '1'))?.tags, ['x']);
    await put(store(), '1', { tags: ['y', 'x', 'y'] });
    assert.deepEqual(await find({ tags: ['x', 'x', 'y'] }), ['1']);
  });

  it('finds what is due, the earliest first when asked', async () => {
    await put(store(), 'late', { dueAt: 300 });
    await put(store(), 'never');
    await put(store(), 'early', { dueAt: 100, tags: ['t'] });
    await put(store(), 'middle', { dueAt: 200, tags: ['t'] });
    assert.deepEqual(await find({ dueBefore: 200 }), ['early', 'middle']);
    assert.deepEqual(await find({ dueBefore: 99 }), []);
    assert.deepEqual(await find({ dueBefore: 1_000, order: 'due' }), ['early', 'middle', 'late']);
    assert.deepEqual(await find({ order: 'due' }), ['early', 'middle', 'late']);
    assert.deepEqual(await find({ dueBefore: 1_000, order: 'newest' }), ['middle', 'early', 'late']);
    assert.deepEqual(await find({ dueBefore: 1_000, order: 'due', tags: ['t'] }), ['early', 'middle']);
    await put(store(), 'early', { dueAt: 900 });
    await put(store(), 'middle');
    assert.deepEqual(await find({ order: 'due' }), ['late', 'early']);
    await put(store(), 'past', { dueAt: -5 });
    assert.deepEqual(await find({ dueBefore: 0 }), ['past']);
  });

  it('finds by time of creation', async () => {
    await put(store(), '1');
    const first = (await store().getRecord('c', '1'))?.createdAt ?? 0;
    await eventually('the clock moves', async () => (await store().now()) > first + 1);
    await put(store(), '2');
    const second = (await store().getRecord('c', '2'))?.createdAt ?? 0;
    assert.deepEqual(await find({ createdFrom: first }), ['1', '2']);
    assert.deepEqual(await find({ createdFrom: second }), ['2']);
    assert.deepEqual(await find({ createdBefore: second }), ['1']);
    assert.deepEqual(await find({ createdFrom: first, createdBefore: first }), []);
  });

  for (const order of ['oldest', 'newest', 'due'] as const) {
    for (const tags of [[], ['even']]) {
      it(`pages through in the order ${order}${tags.length > 0 ? ' by tag' : ''}, each record once`, async () => {
        // Due times repeat, so that a page may end among equals.
        for (let index = 0; index < 23; index++) {
          await put(store(), `k${index}`, { tags: [index % 2 === 0 ? 'even' : 'odd'], dueAt: index % 5 });
        }
        const query: RecordQuery = { collection: 'c', order, tags, limit: 4 };
        const whole = await store().findRecords({ ...query, limit: 100 });
        assert.equal(whole.cursor, undefined);
        const paged: StoredRecord[] = [];
        let pages = 0;
        for (let cursor: string | undefined; pages === 0 || cursor !== undefined; pages++) {
          const page = await store().findRecords(cursor === undefined ? query : { ...query, cursor });
          assert.ok(page.records.length > 0 && page.records.length <= 4 && pages < 10);
          paged.push(...page.records);
          cursor = page.cursor;
        }
        assert.deepEqual(keys({ records: paged }), keys(whole));
        assert.equal(pages, Math.ceil(whole.records.length / 4));
      });
    }
  }

  it('says that there is no next page when the last one is just full', async () => {
    for (const key of ['a', 'b', 'c', 'd']) await put(store(), key);
    const first = await store().findRecords({ collection: 'c', limit: 2 });
    assert.ok(first.cursor !== undefined);
    const second = await store().findRecords({ collection: 'c', limit: 2, cursor: first.cursor });
    assert.deepEqual(keys(second), ['c', 'd']);
    assert.equal(second.cursor, undefined);
  });

  it('goes on paging where it was while records are written, changed and deleted', async () => {
    for (const key of ['a', 'b', 'c', 'd', 'e']) await put(store(), key);
    const first = await store().findRecords({ collection: 'c', limit: 2 });
    assert.deepEqual(keys(first), ['a', 'b']);
    await put(store(), 'a', { value: 'changed' });
    await remove(store(), 'b');
    await remove(store(), 'd');
    await put(store(), 'f');
    assert.ok(first.cursor !== undefined);
    assert.deepEqual(await find({ cursor: first.cursor }), ['c', 'e', 'f']);
  });

  it('returns 100 records at most unless told', async () => {
    await commit(store(), {
      records: Array.from({ length: 130 }, (_, index) => ({ collection: 'c', key: `k${index}`, value: 'v' })),
    });
    assert.equal((await find()).length, 100);
    assert.equal((await find({ limit: 130 })).length, 130);
    assert.deepEqual(await find({ limit: 0 }), []);
  });

  it('refuses a cursor that is none, or of another order', async () => {
    for (const key of ['a', 'b', 'c']) await put(store(), key);
    const { cursor } = await store().findRecords({ collection: 'c', limit: 1 });
    assert.ok(cursor !== undefined);
    await assert.rejects(find({ cursor: 'nonsense' }), { code: 'CATGA_INVALID_CURSOR' });
    await assert.rejects(find({ cursor, order: 'newest' }), { code: 'CATGA_INVALID_CURSOR' });
  });
}
