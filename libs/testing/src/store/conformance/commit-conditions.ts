import assert from 'node:assert/strict';
import type { CommitBatch, CommitResult, EventQuery, Store } from '@catga/core';
import { append, commit, events, put } from './build.js';
import type { Suite } from './suite.js';

/** Commits that may be repeated, and commits that depend on what others have not appended. */
export function commitConditionTests({ it, store, options }: Suite): void {
  it('applies a batch with an id once, and gives its first answer again', async () => {
    const batch: CommitBatch = {
      id: 'order-7',
      appends: [{ stream: 's', expectedVersion: 'no-stream', events: events('a', 'b') }],
      records: [{ collection: 'c', key: 'k', value: 'v', ifVersion: 0 }],
    };
    const first = await commit(store(), batch);
    assert.deepEqual(first, { position: 2, versions: [2], recordVersions: [1] });
    await append(store(), 's', 2, 'c');
    for (const again of [batch, { ...batch, conditions: [{ query: {}, after: 0 }] }]) {
      assert.deepEqual(await commit(store(), again), { ...first, repeated: true });
    }
    assert.equal((await store().readStream('s')).length, 3);
    assert.equal((await store().getRecord('c', 'k'))?.version, 1);
    assert.deepEqual((await commit(store(), { ...batch, id: 'other', appends: [], records: [] })).versions, []);
  });

  it('forgets the id of a batch that was refused', async () => {
    const batch: CommitBatch = { id: 'x', appends: [{ stream: 's', expectedVersion: 1, events: events('b') }] };
    await assert.rejects(commit(store(), batch), { code: 'CATGA_VERSION_CONFLICT' });
    await append(store(), 's', 'any', 'a');
    assert.deepEqual(await commit(store(), batch), { position: 2, versions: [2], recordVersions: [] });
  });

  it('applies one of many batches with the same id that come at once', async () => {
    const batch = (index: number): CommitBatch => ({
      id: 'same',
      appends: [{ stream: `s${index}`, expectedVersion: 'any', events: events('a') }],
    });
    const results = await Promise.all(Array.from({ length: 10 }, (_, index) => commit(store(), batch(index))));
    assert.equal(results.filter(({ repeated }) => repeated !== true).length, 1);
    for (const { position, versions } of results) assert.deepEqual([position, versions], [1, [1]]);
    assert.equal((await store().readAll()).events.length, 1);
  });

  if (options.reopen !== undefined) {
    const { reopen } = options;
    it('knows after a restart which batches were committed', async () => {
      const batch: CommitBatch = { id: 'x', appends: [{ stream: 's', expectedVersion: 0, events: events('a') }] };
      const first = await commit(store(), batch);
      await store().close();
      const reopened = await reopen(store());
      assert.deepEqual(await commit(reopened, batch), { ...first, repeated: true });
      await reopened.close();
    });
  }

  const guarded = (where: Store, query: EventQuery, after: number, ...tags: string[]): Promise<CommitResult> =>
    commit(where, {
      conditions: [{ query, after }],
      appends: [{ stream: 'log', expectedVersion: 'any', events: [{ type: 'taken', data: '""', tags }] }],
    });

  it('refuses a batch when an event has come that its condition does not allow', async () => {
    await append(store(), 'seat-1', 'any', 'offered');
    await guarded(store(), { tags: ['seat:1'] }, 1, 'seat:1', 'user:1');
    const refusal = { code: 'CATGA_APPEND_CONDITION', condition: 0, after: 1, position: 2 };
    await assert.rejects(guarded(store(), { tags: ['seat:1'] }, 1, 'seat:1'), refusal);
    await assert.rejects(guarded(store(), { tags: ['seat:1', 'user:1'], types: ['taken'] }, 1), refusal);
    await assert.rejects(guarded(store(), { types: ['taken'] }, 1), refusal);
    await assert.rejects(guarded(store(), { categories: ['log'] }, 1), refusal);
    await assert.rejects(guarded(store(), {}, 1), refusal);
    await assert.rejects(guarded(store(), [{ types: ['never'] }, { tags: ['user:1'] }], 1), refusal);
    await assert.rejects(guarded(store(), [{ tags: ['seat:1'] }, { tags: ['user:1'] }], 1), refusal);
    assert.equal((await store().readStream('log')).length, 1);
    await guarded(store(), { tags: ['seat:1', 'user:2'] }, 1);
    await guarded(store(), { categories: ['seat'] }, 1);
    await guarded(store(), { tags: ['seat:1'] }, 2);
    await guarded(store(), [], 0);
    assert.equal((await store().readStream('log')).length, 5);
  });

  it('checks every condition, and changes nothing when one of them fails', async () => {
    await append(store(), 's', 'any', 'a');
    await put(store(), 'k');
    const batch: CommitBatch = {
      conditions: [
        { query: { types: ['b'] }, after: 0 },
        { query: { types: ['a'] }, after: 0 },
      ],
      deleteStreams: ['s'],
      appends: [{ stream: 't', expectedVersion: 'any', events: events('x') }],
      records: [{ collection: 'c', key: 'k' }],
    };
    await assert.rejects(commit(store(), batch), { code: 'CATGA_APPEND_CONDITION', condition: 1, position: 1 });
    assert.equal((await store().readAll()).events.length, 1);
    assert.equal((await store().getRecord('c', 'k'))?.version, 1);
  });

  it('counts the events of closed streams for conditions', async () => {
    await append(store(), 's', 'any', 'a');
    for (const state of ['archived', 'deleted'] as const) {
      await commit(store(), { streams: [{ stream: 's', state }] });
      await assert.rejects(guarded(store(), { types: ['a'] }, 0), { code: 'CATGA_APPEND_CONDITION', position: 1 });
    }
    const { position } = await store().readAll({ query: { types: ['a'] } });
    await guarded(store(), { types: ['a'] }, position);
  });

  /** Many take the same seats, having read the same events; all of them try again until every seat is taken. */
  async function sellSeats(clients: readonly Store[]): Promise<void> {
    const take = async (client: Store, seat: number): Promise<boolean> => {
      const query = { tags: [`seat:${seat}`] };
      for (;;) {
        const { events: found, position } = await client.readAll({ query });
        if (found.length > 0) return false;
        try {
          await guarded(client, query, position, `seat:${seat}`);
          return true;
        } catch (error) {
          assert.equal((error as { code: string }).code, 'CATGA_APPEND_CONDITION');
        }
      }
    };
    for (let seat = 0; seat < 10; seat++) {
      const taken = await Promise.all([...clients, ...clients, ...clients].map((client) => take(client, seat)));
      assert.equal(taken.filter(Boolean).length, 1);
    }
    assert.equal((await clients[0]?.readStream('log'))?.length, 10);
  }

  it('lets exactly one of many win who decide on the same events', () => sellSeats([store()]));

  if (options.second !== undefined) {
    const { second } = options;
    it('lets exactly one of two stores win that decide on the same events', async () => {
      const other = await second(store());
      try {
        await sellSeats([store(), other]);
        const batch: CommitBatch = { id: 'once', appends: [{ stream: 'x', expectedVersion: 0, events: events('a') }] };
        const results = await Promise.all([store(), other].map((client) => commit(client, batch)));
        assert.equal(results.filter(({ repeated }) => repeated === true).length, 1);
      } finally {
        await other.close();
      }
    });
  }
}
