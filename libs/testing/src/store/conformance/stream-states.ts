import assert from 'node:assert/strict';
import type { CommitResult, StreamChange, StreamInfo } from '@catga/core';
import { append, brief, commit, events, readEverything } from './build.js';
import type { Suite } from './suite.js';

/** Truncating, archiving, deleting softly, and coming back. */
export function streamStateTests({ it, store }: Suite): void {
  const change = (stream: string, rest: Partial<StreamChange>): Promise<CommitResult> =>
    commit(store(), { streams: [{ stream, ...rest }] });
  const info = (version: number, firstVersion: number, state: StreamInfo['state'] = 'open'): StreamInfo => ({
    stream: 's',
    version,
    firstVersion,
    state,
  });
  const positions = async (closed = false): Promise<number[]> =>
    (await store().readAll({ closed })).events.map(({ position }) => position);

  it('removes the events below a version for good, and keeps versions and positions', async () => {
    await append(store(), 's', 'any', 'a', 'b');
    await append(store(), 'other', 'any', 'x');
    await append(store(), 's', 2, 'c', 'd');
    assert.deepEqual(await change('s', { truncateBefore: 3, expectedVersion: 4 }), {
      position: 5,
      versions: [],
      recordVersions: [],
    });
    assert.deepEqual(brief(await store().readStream('s')), ['s/3:c', 's/4:d']);
    assert.deepEqual(brief(await store().readStream('s', { direction: 'backward', from: 3 })), ['s/3:c']);
    assert.deepEqual(await store().getStream('s'), info(4, 3));
    assert.deepEqual(await positions(true), [3, 4, 5]);
    assert.deepEqual((await append(store(), 's', 4, 'e')).versions, [5]);
    await change('s', { truncateBefore: 2 });
    assert.deepEqual(await store().getStream('s'), info(5, 3));
    assert.deepEqual(brief(await store().readStream('s', { from: 4 })), ['s/4:d', 's/5:e']);
  });

  it('goes on counting after all events of a stream were truncated', async () => {
    await append(store(), 's', 'any', 'a', 'b');
    await change('s', { truncateBefore: 99 });
    assert.deepEqual(await store().readStream('s'), []);
    assert.deepEqual(await store().getStream('s'), info(2, 3));
    await assert.rejects(append(store(), 's', 'no-stream', 'x'), { code: 'CATGA_VERSION_CONFLICT', actual: 2 });
    assert.deepEqual(await append(store(), 's', 2, 'c'), { position: 3, versions: [3], recordVersions: [] });
    assert.deepEqual(brief(await store().readStream('s')), ['s/3:c']);
    assert.deepEqual(await positions(), [3]);
  });

  for (const state of ['archived', 'deleted'] as const) {
    it(`keeps an ${state} stream out of everything that goes on, until it is reopened`, async () => {
      await append(store(), 's', 'any', 'a', 'b');
      await append(store(), 'other', 'any', 'x');
      await change('s', { state });
      assert.deepEqual(await store().getStream('s'), info(2, 1, state));
      assert.equal((await store().readStream('s')).length, state === 'archived' ? 2 : 0);
      assert.equal((await store().readStream('s', { direction: 'backward' })).length, state === 'archived' ? 2 : 0);
      assert.deepEqual(await positions(), [3]);
      assert.deepEqual(await positions(true), [1, 2, 3]);
      assert.deepEqual(await store().readAll({ before: 3 }), { events: [], position: 2 });
      const refusal = { code: 'CATGA_STREAM_CLOSED', stream: 's', state };
      await assert.rejects(append(store(), 's', 'any', 'c'), refusal);
      await assert.rejects(append(store(), 's', 2, 'c'), refusal);
      assert.deepEqual((await append(store(), 's', 2)).versions, [2]);
      await change('s', { state: 'open' });
      assert.deepEqual(await append(store(), 's', 2, 'c'), { position: 4, versions: [3], recordVersions: [] });
      assert.deepEqual(brief(await store().readStream('s')), ['s/1:a', 's/2:b', 's/3:c']);
      assert.deepEqual(await positions(), [1, 2, 3, 4]);
    });
  }

  it('changes streams after deletions and before appends, each seeing what the ones before it did', async () => {
    await append(store(), 's', 'any', 'a', 'b');
    const last = { appends: [{ stream: 's', expectedVersion: 'any' as const, events: events('last') }] };
    await assert.rejects(commit(store(), { streams: [{ stream: 's', state: 'archived' }], ...last }), {
      code: 'CATGA_STREAM_CLOSED',
    });
    assert.deepEqual(await store().getStream('s'), info(2, 1));
    await change('s', { state: 'archived' });
    const reopened = await commit(store(), {
      streams: [
        { stream: 's', state: 'deleted' },
        { stream: 's', state: 'open', truncateBefore: 2, expectedVersion: 2 },
      ],
      ...last,
    });
    assert.deepEqual(reopened.versions, [3]);
    assert.deepEqual(brief(await store().readStream('s')), ['s/2:b', 's/3:last']);
    await commit(store(), { deleteStreams: ['s'], streams: [{ stream: 's', state: 'archived' }], ...last });
    assert.deepEqual(await store().getStream('s'), info(1, 1));
  });

  it('changes nothing of a batch when the version of a stream to change is another one', async () => {
    await append(store(), 's', 'any', 'a', 'b');
    const batch = { appends: [{ stream: 't', expectedVersion: 'any' as const, events: events('x') }] };
    for (const expectedVersion of [1, 'no-stream'] as const) {
      await assert.rejects(
        commit(store(), {
          streams: [{ stream: 's', expectedVersion, truncateBefore: 2, state: 'archived' }],
          ...batch,
        }),
        { code: 'CATGA_VERSION_CONFLICT', stream: 's', expected: expectedVersion, actual: 2 },
      );
    }
    await assert.rejects(change('none', { expectedVersion: 'stream-exists', state: 'archived' }), {
      code: 'CATGA_VERSION_CONFLICT',
      actual: 0,
    });
    assert.deepEqual(await store().getStream('s'), info(2, 1));
    assert.deepEqual(await store().readStream('t'), []);
  });

  it('does nothing to a stream that is not there', async () => {
    await change('s', { truncateBefore: 5, state: 'archived' });
    assert.equal(await store().getStream('s'), undefined);
    assert.deepEqual((await append(store(), 's', 'no-stream', 'a')).versions, [1]);
  });

  it('finds what was truncated or deleted by no tag', async () => {
    const tagged = (...types: string[]) => types.map((type) => ({ type, data: '""', tags: ['t', `only-${type}`] }));
    await commit(store(), { appends: [{ stream: 's', expectedVersion: 'any', events: tagged('a', 'b', 'c') }] });
    await commit(store(), { appends: [{ stream: 'gone', expectedVersion: 'any', events: tagged('d') }] });
    const find = async (tag: string): Promise<number> =>
      (await store().readAll({ query: { tags: [tag] }, closed: true })).events.length;
    assert.equal(await find('t'), 4);
    await commit(store(), { streams: [{ stream: 's', truncateBefore: 3 }], deleteStreams: ['gone'] });
    assert.deepEqual([await find('t'), await find('only-a'), await find('only-c'), await find('only-d')], [1, 0, 1, 0]);
    assert.equal((await readEverything(store())).length, 1);
  });
}
