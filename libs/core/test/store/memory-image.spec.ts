import { MemoryStore, type CommitBatch, type Store } from '@catga/core';

const clock = { now: () => 1_000, monotonic: () => 0 };
const newStore = (): MemoryStore => new MemoryStore({ mode: 'copy', clock });

/** The same store, from its image. */
function reborn(store: MemoryStore): MemoryStore {
  const copy = newStore();
  const add = copy.load();
  // Through text, as an image travels.
  for (const row of store.dump()) add(JSON.parse(JSON.stringify(row)) as typeof row);
  return copy;
}

/** Everything that a store tells of itself. */
async function everything(store: Store): Promise<unknown> {
  const all = await store.readAll({ closed: true, limit: 10_000 });
  const names = ['long', 'cut', 'emptied', 'kept', 'hidden', 'gone', 'again'];
  return {
    all,
    tagged: await store.readAll({ query: { tags: ['odd'] } }),
    streams: await Promise.all(names.map((name) => store.getStream(name))),
    reads: await Promise.all(names.map((name) => store.readStream(name))),
    oldest: await store.findRecords({ collection: 'c' }),
    newest: await store.findRecords({ collection: 'c', order: 'newest', limit: 3 }),
    due: await store.findRecords({ collection: 'c', order: 'due' }),
    byTag: await store.findRecords({ collection: 'c', tags: ['even'] }),
    other: await store.findRecords({ collection: 'other' }),
  };
}

const events = (count: number): NonNullable<CommitBatch['appends']>[number]['events'] =>
  Array.from({ length: count }, (_, index) => ({
    type: `t${index % 3}`,
    data: `data ${index}`,
    ...(index % 2 === 1 && { tags: ['odd', `n:${index}`] }),
    ...(index % 5 === 0 && { metadata: 'm', at: 500.5 + index }),
  }));

const append = (stream: string, count: number) => ({ stream, expectedVersion: 'any' as const, events: events(count) });

describe('The image of a MemoryStore', () => {
  const filled = (): MemoryStore => {
    const store = newStore();
    store.commit({ appends: [append('long', 450), append('cut', 5), append('emptied', 2), append('kept', 2)] });
    store.commit({ appends: [append('hidden', 2), append('gone', 3), append('again', 3)] });
    store.commit({ deleteStreams: ['gone', 'again'], appends: [append('again', 1)] });
    store.commit({
      streams: [
        { stream: 'cut', truncateBefore: 4 },
        { stream: 'emptied', truncateBefore: 3 },
        { stream: 'kept', state: 'archived' },
        { stream: 'hidden', state: 'deleted', truncateBefore: 2 },
      ],
    });
    for (let index = 0; index < 20; index++) {
      const tags = index % 2 === 0 ? ['even', 'a'] : [];
      store.commit({
        records: [
          {
            collection: 'c',
            key: `k${index}`,
            value: `v${index}`,
            tags,
            ...(index % 3 === 0 && { dueAt: 50 - index }),
          },
        ],
      });
    }
    store.commit({
      records: [
        { collection: 'c', key: 'k1', value: 'again', ifVersion: 1 },
        { collection: 'c', key: 'k2' },
        { collection: 'c', key: 'k4', value: 'short', expiresAt: 1_001 },
        { collection: 'other', key: 'expired', value: 'x', expiresAt: 900 },
      ],
    });
    return store;
  };

  it('is the whole store: a copy made of it answers every read alike', async () => {
    const store = filled();
    expect(await everything(reborn(store))).toEqual(await everything(store));
  });

  it('decides and counts on like the store it was made of', async () => {
    const store = filled();
    const copy = reborn(store);
    const page = await store.findRecords({ collection: 'c', limit: 5 });
    for (const batch of [
      { appends: [append('long', 1), append('cut', 1), append('emptied', 1), append('gone', 1)] },
      { records: [{ collection: 'c', key: 'new', value: 'x' }, { collection: 'c', key: 'k1', value: 'y', ifVersion: 2 }] }, // prettier-ignore
      { conditions: [{ query: { tags: ['n:449'] }, after: 449 }], appends: [append('long', 1)] },
    ] satisfies CommitBatch[]) {
      expect(outcome(copy, batch)).toEqual(outcome(store, batch));
    }
    for (const refused of [
      { appends: [append('kept', 1)] },
      { appends: [{ ...append('cut', 1), expectedVersion: 5 }] },
      { records: [{ collection: 'c', key: 'k1', value: 'z', ifVersion: 1 }] },
      { conditions: [{ query: { tags: ['n:449'] }, after: 10 }], appends: [append('long', 1)] },
    ] satisfies CommitBatch[]) {
      expect(outcome(copy, refused)).toEqual(outcome(store, refused));
      expect(outcome(copy, refused)).toMatchObject({ code: expect.stringContaining('CATGA_') as string });
    }
    expect(await everything(copy)).toEqual(await everything(store));
    const cursor = page.cursor as string;
    expect(await copy.findRecords({ collection: 'c', cursor })).toEqual(await store.findRecords({ collection: 'c', cursor })); // prettier-ignore
  });

  it('is that of the moment at which it was asked for, whatever is committed while it is taken', async () => {
    // The commits come after each row in turn, so that each finds the image at another place.
    for (const turn of [0, 1, 3, 8, 12]) {
      const store = filled();
      const expected = await everything(store);
      const copy = newStore();
      const add = copy.load();
      let row = 0;
      const rows = store.dump();
      if (turn === 0) change(store);
      for (const one of rows) {
        add(JSON.parse(JSON.stringify(one)) as typeof one);
        if (++row === turn) change(store);
      }
      if (row < turn) throw new Error('There are fewer rows: the last turns test nothing.');
      expect(await everything(copy)).toEqual(expected);
      expect(await everything(store)).not.toEqual(expected);
      // It goes on like the store would have from there.
      expect(outcome(copy, { appends: [append('kept', 1)] })).toEqual(outcome(filled(), { appends: [append('kept', 1)] })); // prettier-ignore
      // The next image has everything.
      expect(await everything(reborn(store))).toEqual(await everything(store));
    }
  });

  /** Commits of every kind to what is there. */
  function change(store: MemoryStore): void {
    for (const stream of ['long', 'cut', 'again']) store.commit({ appends: [append(stream, 3)] });
    store.commit({ streams: [{ stream: 'long', truncateBefore: 300 }, { stream: 'kept', state: 'open' }] }); // prettier-ignore
    store.commit({ deleteStreams: ['cut', 'hidden'], appends: [append('gone', 2), append('new', 2)] });
    store.commit({ appends: [append('cut', 1)] });
    store.commit({
      records: [
        { collection: 'c', key: 'k1', value: 'changed', tags: ['even'] },
        { collection: 'c', key: 'k3' },
        { collection: 'c', key: 'k3', value: 'come back' },
        { collection: 'c', key: 'k19' },
        { collection: 'c', key: 'new', value: 'x', dueAt: 1 },
        { collection: 'newer', key: 'new', value: 'x' },
        { collection: 'other', key: 'expired', value: 'y' },
      ],
    });
  }

  it('is empty for an empty store', async () => {
    expect(await everything(reborn(newStore()))).toEqual(await everything(newStore()));
  });

  function outcome(store: MemoryStore, batch: CommitBatch): object {
    try {
      return store.commit(batch);
    } catch (error) {
      return { code: (error as { code?: string }).code, details: (error as { details?: unknown }).details };
    }
  }
});
