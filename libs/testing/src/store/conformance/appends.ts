import assert from 'node:assert/strict';
import { append, brief, commit, events, put, readEverything } from './build.js';
import type { Suite } from './suite.js';

/** Expected versions, conflicts, and that a commit happens as a whole or not at all. */
export function appendTests({ it, store }: Suite): void {
  it('counts versions per stream from 1 and positions over the whole store', async () => {
    assert.deepEqual(await append(store(), 'a', 'no-stream', 'one', 'two'), {
      position: 2,
      versions: [2],
      recordVersions: [],
    });
    assert.deepEqual(await append(store(), 'b', 0, 'three'), { position: 3, versions: [1], recordVersions: [] });
    assert.deepEqual((await append(store(), 'a', 2, 'four')).versions, [3]);
  });

  for (const [expected, actual, holds] of [
    ['any', 0, true],
    ['any', 2, true],
    ['no-stream', 0, true],
    ['no-stream', 2, false],
    ['stream-exists', 0, false],
    ['stream-exists', 2, true],
    [0, 0, true],
    [0, 2, false],
    [1, 2, false],
    [2, 2, true],
    [3, 2, false],
    [1, 0, false],
  ] as const) {
    it(`${holds ? 'appends' : 'refuses to append'} expecting ${expected} to a stream of ${actual} events`, async () => {
      if (actual > 0) await append(store(), 's', 'any', 'one', 'two');
      const attempt = append(store(), 's', expected, 'new');
      if (holds) {
        assert.deepEqual((await attempt).versions, [actual + 1]);
      } else {
        await assert.rejects(attempt, { code: 'CATGA_VERSION_CONFLICT', stream: 's', expected, actual });
        assert.equal((await store().readStream('s')).length, actual);
      }
    });
  }

  it('checks an expectation without appending anything', async () => {
    await append(store(), 's', 'any', 'one');
    assert.deepEqual(await append(store(), 's', 1), { position: 1, versions: [1], recordVersions: [] });
    await assert.rejects(append(store(), 's', 'no-stream'), { code: 'CATGA_VERSION_CONFLICT' });
    assert.deepEqual((await append(store(), 'other', 'no-stream')).versions, [0]);
    await assert.rejects(append(store(), 'other', 'stream-exists'), { code: 'CATGA_VERSION_CONFLICT', actual: 0 });
  });

  it('commits several streams and records together', async () => {
    await append(store(), 'old', 'any', 'x');
    const result = await commit(store(), {
      appends: [
        { stream: 'a', expectedVersion: 'no-stream', events: events('one') },
        { stream: 'b', expectedVersion: 'no-stream', events: events('two', 'three') },
      ],
      records: [
        { collection: 'c', key: 'k', value: 'v' },
        { collection: 'd', key: 'k', value: 'v' },
      ],
      deleteStreams: ['old'],
    });
    assert.deepEqual(result, { position: 4, versions: [1, 2], recordVersions: [1, 1] });
    assert.deepEqual(brief(await readEverything(store())), ['a/1:one', 'b/1:two', 'b/2:three']);
  });

  it('changes nothing when one expectation of many fails', async () => {
    await append(store(), 'busy', 'any', 'one');
    await put(store(), 'kept', { tags: ['t'] });
    const batch = {
      records: [
        { collection: 'c', key: 'new', value: 'v' },
        { collection: 'c', key: 'kept', value: 'changed' },
      ],
      deleteStreams: ['busy'],
    };
    const first = { stream: 'a', expectedVersion: 'no-stream', events: events('one') } as const;
    await assert.rejects(
      commit(store(), { ...batch, appends: [first, { stream: 'b', expectedVersion: 3, events: events('x') }] }),
      { code: 'CATGA_VERSION_CONFLICT', stream: 'b', actual: 0 },
    );
    await assert.rejects(
      commit(store(), {
        ...batch,
        appends: [first],
        records: [...batch.records, { collection: 'c', key: 'kept', value: 'x', ifVersion: 9 }],
      }),
      { code: 'CATGA_RECORD_CONFLICT', collection: 'c', key: 'kept' },
    );
    assert.deepEqual(brief(await readEverything(store())), ['busy/1:one']);
    assert.equal(await store().getRecord('c', 'new'), undefined);
    assert.equal((await store().getRecord('c', 'kept'))?.value, '"kept"');
    assert.equal((await append(store(), 'a', 'no-stream', 'one')).position, 2);
  });

  it('checks the appends of one commit one after the other, after its deletions', async () => {
    await append(store(), 's', 'any', 'old', 'old');
    const result = await commit(store(), {
      deleteStreams: ['s'],
      appends: [
        { stream: 's', expectedVersion: 'no-stream', events: events('one') },
        { stream: 's', expectedVersion: 1, events: events('two', 'three') },
      ],
    });
    assert.deepEqual(result.versions, [1, 3]);
    assert.deepEqual(brief(await store().readStream('s')), ['s/1:one', 's/2:two', 's/3:three']);
    await assert.rejects(
      commit(store(), {
        appends: [
          { stream: 'n', expectedVersion: 'any', events: events('one') },
          { stream: 'n', expectedVersion: 'no-stream', events: events('two') },
        ],
      }),
      { code: 'CATGA_VERSION_CONFLICT', actual: 1 },
    );
    assert.deepEqual(await store().readStream('n'), []);
  });

  it('does nothing for an empty commit but tell the last position', async () => {
    assert.deepEqual(await commit(store(), {}), { position: 0, versions: [], recordVersions: [] });
    await append(store(), 's', 'any', 'one');
    assert.deepEqual(await commit(store(), {}), { position: 1, versions: [], recordVersions: [] });
  });

  it('forgets a deleted stream: it begins at version 1 again, at new positions', async () => {
    await append(store(), 's', 'any', 'one', 'two');
    await append(store(), 'other', 'any', 'three');
    await commit(store(), { deleteStreams: ['s', 'never-there'] });
    assert.deepEqual(await store().readStream('s'), []);
    await append(store(), 's', 'no-stream', 'new');
    const all = await readEverything(store());
    assert.deepEqual(brief(all), ['other/1:three', 's/1:new']);
    assert.deepEqual(
      all.map(({ position }) => position),
      [3, 4],
    );
  });

  it('never gives a position twice, also when the last events were deleted', async () => {
    await append(store(), 's', 'any', 'one', 'two');
    await commit(store(), { deleteStreams: ['s'] });
    assert.equal((await append(store(), 't', 'any', 'three')).position, 3);
  });

  it('does not care how the names of streams look', async () => {
    const names = ['a:b', 'a/b', 'a b', "a'b", 'a"b', 'a%b', 'a_b', 'ä→😀', 'A:B', '__proto__', 'x'.repeat(1_000)];
    for (const name of names) await append(store(), name, 'no-stream', 'one');
    for (const name of names) assert.deepEqual(brief(await store().readStream(name)), [`${name}/1:one`]);
  });
}
