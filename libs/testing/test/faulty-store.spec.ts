import { MemoryStore, type CommitBatch } from '@catga/core';
import { describeStoreConformance, FaultyStore } from '@catga/testing';

// Without a planned fault it must not be noticed at all.
describeStoreConformance({
  name: 'FaultyStore without faults',
  payload: 'encoded',
  create: () => new FaultyStore(new MemoryStore({ mode: 'copy' })),
});

describe('FaultyStore', () => {
  const batch: CommitBatch = {
    appends: [{ stream: 's', expectedVersion: 'any', events: [{ type: 'e', data: 'x' }] }],
  };
  const conflicting: CommitBatch = { appends: [{ stream: 's', expectedVersion: 99, events: [] }] };
  const inner = (): MemoryStore => new MemoryStore({ mode: 'copy' });
  const lengthOf = async (store: FaultyStore): Promise<number> => (await store.inner.readStream('s')).length;

  it('counts the commits that were applied', async () => {
    const store = new FaultyStore(inner());
    await store.commit(batch);
    await expect(store.commit(conflicting)).rejects.toMatchObject({ code: 'CATGA_VERSION_CONFLICT' });
    await store.commit(batch);
    expect([store.commits, store.attempts]).toEqual([2, 3]);
  });

  it('fails the next commits without applying them, then works', async () => {
    const store = new FaultyStore(inner()).failNext(2);
    await expect(store.commit(batch)).rejects.toMatchObject({ code: 'CATGA_STORE_CONNECTION' });
    await expect(store.commit(batch)).rejects.toMatchObject({ kind: 'infrastructure' });
    await store.commit(batch);
    expect([await lengthOf(store), store.commits]).toEqual([1, 1]);
  });

  it('fails with the error it was given, applied if it was told so', async () => {
    const error = new Error('lost');
    const store = new FaultyStore(inner()).failNext(1, error, { applied: true });
    await expect(store.commit(batch)).rejects.toBe(error);
    expect([await lengthOf(store), store.commits]).toEqual([1, 1]);
  });

  it('refuses everything after a crash', async () => {
    const store = new FaultyStore(inner()).crashAfter(2);
    let notices = 0;
    store.onCommit(() => notices++);
    await store.commit(batch);
    expect(store.crashed).toBe(false);
    await store.commit(batch);
    expect(store.crashed).toBe(true);
    const uses = [
      store.commit(batch),
      store.readStream('s'),
      store.readAll(),
      store.getRecord('c', 'k'),
      store.findRecords({ collection: 'c' }),
      store.now(),
      store.ping(),
    ];
    for (const use of uses) await expect(use).rejects.toMatchObject({ code: 'CATGA_STORE_CONNECTION' });
    await new Promise((resolve) => setImmediate(resolve));
    expect([await lengthOf(store), notices]).toEqual([2, 0]);
  });

  it('crashes before a commit, or between a commit and its answer', async () => {
    const before = new FaultyStore(inner()).crashAfter(0);
    await expect(before.commit(batch)).rejects.toMatchObject({ code: 'CATGA_STORE_CONNECTION' });
    expect(await lengthOf(before)).toBe(0);

    const between = new FaultyStore(inner()).crashAfter(1, { applied: true });
    await expect(between.commit(batch)).rejects.toMatchObject({ code: 'CATGA_STORE_CONNECTION' });
    expect(await lengthOf(between)).toBe(1);
  });

  it('lets no commit slip past the crash that was made at the same time', async () => {
    const store = new FaultyStore(inner()).crashAfter(2);
    const settled = await Promise.allSettled([1, 2, 3, 4].map(() => store.commit(batch)));
    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
    expect(await lengthOf(store)).toBe(2);
  });

  it('does not take a refused commit for one', async () => {
    const store = new FaultyStore(inner()).crashAfter(1);
    await expect(store.commit(conflicting)).rejects.toMatchObject({ code: 'CATGA_VERSION_CONFLICT' });
    expect(store.crashed).toBe(false);
    await store.commit(batch);
    expect(store.crashed).toBe(true);
  });

  it('recovers', async () => {
    const store = new FaultyStore(inner()).crashAfter(0).failNext(5);
    store.recover();
    await store.commit(batch);
    expect(await store.readStream('s')).toHaveLength(1);
  });

  it('holds commits back until it is told to go on', async () => {
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const store = new FaultyStore(inner()).delayCommits(() => gate);
    const commit = store.commit(batch);
    await new Promise((resolve) => setImmediate(resolve));
    expect(await lengthOf(store)).toBe(0);
    release();
    await commit;
    expect(await lengthOf(store)).toBe(1);
  });
});
