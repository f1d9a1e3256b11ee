import fc from 'fast-check';
import { MemoryStore, RecordConflictError, VersionConflictError, type DerivedRecord } from '@catga/core';
import { CellArena } from '../../src/store/memory/cell-arena.js';
import { KeyTable } from '../../src/store/memory/key-table.js';

const begun = { type: 'begun', metadata: { owner: 'me' } };
const done = { type: 'done' };

/** A record that says `open` or `done`, as the last event of its stream does. */
const line: DerivedRecord = {
  collection: 'lines',
  keyPrefix: '',
  streamPrefix: 'run-',
  value: (first, firstAt, last, lastAt) => ({ by: first.metadata, from: firstAt, is: last.type, at: lastAt }),
  tags: (_first, last) => ['line', `is:${last.type}`],
  version: (last) => (last === done ? 2 : 1),
};

function setUp() {
  let time = 1_000;
  const store = new MemoryStore({ clock: { now: () => time, monotonic: () => time } });
  const open = (key: string, room = 2) => {
    if (store.openDerived === undefined) throw new Error('not offered');
    const stream = store.openDerived(key, line, room);
    stream.add(begun, time, { key });
    return stream;
  };
  const write = (key: string, value: unknown, ifVersion?: number) =>
    store.commit({
      records: [{ collection: 'lines', key, value, tags: ['line'], ...(ifVersion === undefined ? {} : { ifVersion }) }],
    });
  const keys = async (query: object) => {
    const page = await store.findRecords({ collection: 'lines', ...query });
    return page.records.map((record) => record.key);
  };
  return { store, open, write, keys, pass: (ms: number) => (time += ms) };
}

describe('A record that follows from its stream', () => {
  it('is offered where values are kept as they are', () => {
    expect(new MemoryStore({ mode: 'copy' }).openDerived).toBeUndefined();
    expect(new MemoryStore({ mode: 'reference' }).openDerived).toBeDefined();
  });

  it('says what the events say, without being written', async () => {
    const { store, open, pass } = setUp();
    const stream = open('1');
    expect(await store.getRecord('lines', '1')).toEqual({
      collection: 'lines',
      key: '1',
      value: { by: { owner: 'me' }, from: 1_000, is: 'begun', at: 1_000 },
      version: 1,
      createdAt: 1_000,
      updatedAt: 1_000,
      tags: ['line', 'is:begun'],
    });
    pass(5);
    stream.add(done, 1_005, 'result');
    expect(await store.getRecord('lines', '1')).toMatchObject({
      value: { is: 'done', at: 1_005 },
      version: 2,
      createdAt: 1_000,
      updatedAt: 1_005,
      tags: ['line', 'is:done'],
    });
    expect(await store.readStream('run-1')).toEqual([
      {
        stream: 'run-1',
        version: 1,
        position: 1,
        type: 'begun',
        data: { key: '1' },
        metadata: { owner: 'me' },
        at: 1_000,
      },
      { stream: 'run-1', version: 2, position: 2, type: 'done', data: 'result', at: 1_005 },
    ]);
  });

  it('is found with the others in the order of creation, by tag, by time and page by page', async () => {
    const { store, open, write, keys, pass } = setUp();
    open('a').add(done, 1_000, null);
    write('b', { plain: true });
    pass(10);
    open('c');
    expect(await keys({})).toEqual(['a', 'b', 'c']);
    expect(await keys({ order: 'newest' })).toEqual(['c', 'b', 'a']);
    expect(await keys({ tags: ['line', 'is:done'] })).toEqual(['a']);
    expect(await keys({ createdFrom: 1_005 })).toEqual(['c']);
    expect(await keys({ createdBefore: 1_005 })).toEqual(['a', 'b']);
    expect(await keys({ dueBefore: 1e15, order: 'due' })).toEqual([]);
    const first = await store.findRecords({ collection: 'lines', tags: ['line'], limit: 2 });
    expect(await keys({ tags: ['line'], limit: 2, cursor: first.cursor })).toEqual(['c']);
    // The same once an index is there, and for records that come later.
    open('d');
    expect(await keys({ tags: ['is:begun'], order: 'newest' })).toEqual(['d', 'c']);
  });

  it('stands for itself from its first write on, in its place, and the stream goes on', async () => {
    const { store, open, write, keys } = setUp();
    open('a');
    const stream = open('b');
    open('c');
    await keys({ tags: ['line'] });
    expect(stream.derivesRecord).toBe(true);
    expect(write('b', 'written', 1).recordVersions).toEqual([2]);
    expect(stream.derivesRecord).toBe(false);
    stream.add(done, 1_000, null);
    expect(await store.getRecord('lines', 'b')).toMatchObject({ value: 'written', version: 2, tags: ['line'] });
    expect(await keys({})).toEqual(['a', 'b', 'c']);
    expect(await keys({ tags: ['line'] })).toEqual(['a', 'b', 'c']);
    expect((await store.readStream('run-b')).map((event) => event.type)).toEqual(['begun', 'done']);
  });

  it('holds writers to its version', () => {
    const { open, write } = setUp();
    const stream = open('a');
    expect(() => write('a', 'too early', 2)).toThrow(RecordConflictError);
    stream.add(done, 1_000, null);
    expect(() => write('a', 'too late', 1)).toThrow(RecordConflictError);
    expect(write('a', 'right', 2).recordVersions).toEqual([3]);
  });

  it('is not opened twice, nor over a record or a stream that exists', () => {
    const { store, open, write } = setUp();
    open('a');
    expect(() => open('a')).toThrow(RecordConflictError);
    write('b', 1);
    expect(() => open('b')).toThrow(RecordConflictError);
    store.commit({ appends: [{ stream: 'run-c', expectedVersion: 'no-stream', events: [{ type: 'x', data: 1 }] }] });
    expect(() => open('c')).toThrow(VersionConflictError);
  });

  it('takes commits to its stream like any other', async () => {
    const { store, open } = setUp();
    open('a');
    const events = [{ type: 'claimed', data: null, at: 1_001 }];
    expect(() => store.commit({ appends: [{ stream: 'run-a', expectedVersion: 0, events }] })).toThrow(
      VersionConflictError,
    );
    expect(store.commit({ appends: [{ stream: 'run-a', expectedVersion: 1, events }] }).versions).toEqual([2]);
    expect((await store.readStream('run-a', { direction: 'backward' })).map((event) => event.type)).toEqual([
      'claimed',
      'begun',
    ]);
    expect(() => store.openDirect?.('run-a')).toThrow(VersionConflictError);
  });

  it('goes with its stream; one that was written stays', async () => {
    const { store, open, write, keys } = setUp();
    const [a, b] = [open('a'), open('b')];
    write('b', 'written');
    a.remove();
    b.remove();
    a.remove();
    expect(await keys({})).toEqual(['b']);
    expect((await store.readAll()).events).toEqual([]);
    // The id is free again.
    open('a');
    expect(await keys({})).toEqual(['b', 'a']);
  });

  it('outlives a stream that is deleted without it', async () => {
    const { store, open, keys } = setUp();
    open('a');
    store.commit({ deleteStreams: ['run-a'] });
    expect(await store.readStream('run-a')).toEqual([]);
    expect(await store.getRecord('lines', 'a')).toMatchObject({ value: { is: 'begun' }, version: 1 });
    store.commit({ records: [{ collection: 'lines', key: 'a' }] });
    expect(await keys({})).toEqual([]);
  });

  it('has its events in the order of all, whether the order was asked for before or after', async () => {
    const { store, open } = setUp();
    const [a, b] = [open('a'), open('b')];
    const names = async () => (await store.readAll()).events.map(({ stream, version }) => `${stream}@${version}`);
    b.add(done, 1_000, null);
    expect(await names()).toEqual(['run-a@1', 'run-b@1', 'run-b@2']);
    a.add(done, 1_000, null);
    expect(await names()).toEqual(['run-a@1', 'run-b@1', 'run-b@2', 'run-a@2']);
  });

  it('tells listeners of both, the stream and the collection', async () => {
    const { store, open } = setUp();
    const stream = open('a');
    const notice = new Promise((resolve) => store.onCommit(resolve));
    stream.add(done, 1_000, null);
    expect(await notice).toEqual({ streams: ['run-a'], collections: ['lines'] });
  });

  it('keeps any time exactly, and more events than it made room for', async () => {
    const { store, open } = setUp();
    const stream = open('a', 1);
    const times = [1_000.25, 0.1, -5, 3e9, -3e9, 9e15, 1_234_567_890_123.456];
    for (const at of times) stream.add(done, at, null);
    for (const at of times) stream.addOne(done, at, null);
    expect((await store.readStream('run-a')).slice(1).map((event) => event.at)).toEqual([...times, ...times]);
  });

  it('keeps its order for queries while others come and go unasked', async () => {
    const { open, keys } = setUp();
    open('first');
    expect(await keys({})).toEqual(['first']);
    let left = open('0');
    for (let i = 1; i < 50; i++) {
      left.remove();
      left = open(`${i}`);
    }
    expect(await keys({})).toEqual(['first', '49']);
    open('last');
    expect(await keys({ order: 'newest' })).toEqual(['last', '49', 'first']);
  });

  it('is in a dump, with its whole stream, once it stands for itself', async () => {
    const { store, open, write } = setUp();
    const [stream] = [open('a', 8), open('b')];
    stream.addList(done, 1_001, [1, 2]);
    stream.addOne(done, 1_002, 'one');
    write('a', 'own');
    const rows = store.dump();
    const copy = new MemoryStore();
    const take = copy.load();
    for (const row of rows) take(row);
    expect(await copy.readStream('run-a')).toEqual(await store.readStream('run-a'));
    expect(await copy.getRecord('lines', 'a')).toEqual(await store.getRecord('lines', 'a'));
    expect(await copy.readStream('run-b')).toEqual([]);
  });

  it('reads back what was added to each stream, whatever its length, and whoever came, went and pushes on', async () => {
    const often = ['open', 'open', 'open', 'add', 'list', 'list', 'one', 'one', 'remove', 'remove'];
    const what = fc.constantFrom(...often, 'delete', 'read', 'truncate', 'read lines', 'read log');
    const step = fc.record({ what, at: fc.nat(6), items: fc.array(fc.integer(), { maxLength: 9 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 100, size: 'max' }), async (steps) => {
        const { store, open, keys } = setUp();
        const model = new Map<string, { stream: ReturnType<typeof open>; data: unknown[]; gone: number }>();
        for (const [index, { what: does, at, items }] of steps.entries()) {
          const key = `k${at}`;
          const known = model.get(key);
          // From then on there is a list of all, with those that are removed later.
          if (does === 'read lines') {
            expect(await keys({})).toEqual([...model.keys()]);
          } else if (does === 'read log') {
            const { events } = await store.readAll();
            for (const [name, { data, gone }] of model) {
              const its = events.filter(({ stream }) => stream === `run-${name}`).map((event) => event.data);
              expect(its).toEqual(data.slice(gone));
            }
          } else if (!known) {
            if (does === 'open') model.set(key, { stream: open(key, 2 + (at % 2) * 4), data: [{ key }], gone: 0 });
          } else if (does === 'add') {
            known.stream.add(done, index, index);
            known.data.push(index);
          } else if (does === 'list') {
            known.stream.addList(done, index, [...items]);
            known.data.push(items);
          } else if (does === 'one') {
            // Also what is a list itself, or nothing.
            const item = [items, index, undefined, null][at % 4];
            known.stream.addOne(done, index, item);
            known.data.push([item]);
          } else if (does === 'read') {
            const read = store.readPayloads?.(`run-${key}`, 1);
            const payloads = read && Array.from({ length: read.length }, (_, index) => read.at(index));
            expect(payloads).toEqual(known.data.slice(known.gone));
          } else if (does === 'truncate' && known.stream.derivesRecord) {
            known.gone = known.data.length - 1;
            store.commit({ streams: [{ stream: `run-${key}`, truncateBefore: known.data.length }] });
          } else if (does === 'remove' || does === 'delete') {
            const leavesRecord = !known.stream.derivesRecord;
            model.delete(key);
            if (does === 'remove') {
              known.stream.remove();
              if (leavesRecord) store.commit({ records: [{ collection: 'lines', key }] });
              continue;
            }
            store.commit({ deleteStreams: [`run-${key}`] });
            store.commit({ records: [{ collection: 'lines', key }] });
            // Its writer knows nothing of that. Nobody will read it; others must not see it either.
            known.stream.add(done, index, 'late');
            known.stream.addList(done, index, ['late']);
            known.stream.addOne(done, index, 'late');
            known.stream.remove();
          }
        }
        for (const [key, { data, gone }] of model) {
          const read = await store.readStream(`run-${key}`);
          expect(read.map((event) => event.data)).toEqual(data.slice(gone));
          const positions = read.map(({ position }) => position);
          expect(positions).toEqual(positions.filter((each) => each > 0).sort((one, other) => one - other));
        }
      }),
    );
  });
});

describe('CellArena', () => {
  it('hands out blocks that nobody else has, cleared, and lets go of arrays that are free', () => {
    const arena = new CellArena(4);
    const taken = Array.from({ length: 20_000 }, (_, owner) => {
      const base = arena.take();
      const cells = arena.taken;
      expect(cells.slice(base, base + 4)).toEqual([undefined, undefined, undefined, undefined]);
      cells.fill(owner, base, base + 4);
      return { owner, cells, base };
    });
    expect(taken.every(({ owner, cells, base }) => cells.slice(base, base + 4).every((cell) => cell === owner))).toBe(
      true,
    );
    const [kept, ...others] = taken;
    for (const { cells, base } of others) arena.give(cells, base);
    const arrays = new Set(others.map(() => (arena.take(), arena.taken)));
    const former = new Set(taken.map(({ cells }) => cells));
    // Of the many it keeps the newest, that of the block which is still held, and what was given back last.
    expect([...former].filter((cells) => arrays.has(cells)).length).toBeLessThan(former.size);
    expect(kept?.cells.slice(kept.base, kept.base + 4)).toEqual([0, 0, 0, 0]);
  });
});

describe('KeyTable', () => {
  type Entry = { readonly key: string; readonly value: number };
  const table = (): KeyTable<Entry> => new KeyTable<Entry>(({ key }) => key);

  it('behaves as a map does, whatever comes and goes', () => {
    const key = fc.integer({ min: 0, max: 60 }).map((number) => `k${number}`);
    const step = fc.record({ key, what: fc.constantFrom('set', 'set', 'delete') });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const model = new Map<string, number>();
        const map = table();
        steps.forEach(({ key: at, what }, value) => {
          if (what === 'delete') map.delete(at);
          else if (model.has(at)) map.replace({ key: at, value });
          else map.add({ key: at, value });
          if (what === 'delete') model.delete(at);
          else model.set(at, value);
          expect(map.get(at)?.value).toBe(model.get(at));
        });
        expect([...map.all()].map(({ key: at, value }) => [at, value])).toEqual([...model]);
        expect(map.size).toBe(model.size);
        for (let number = 0; number <= 60; number++) expect(map.get(`k${number}`)?.value).toBe(model.get(`k${number}`));
      }),
    );
  });

  it('finds each of many keys, of any length and in any script, and forgets what is deleted', () => {
    const map = table();
    const keys = Array.from({ length: 20_000 }, (_, i) => `${'Größe-注文-'.repeat(i % 7)}${i}`);
    keys.forEach((key, value) => map.add({ key, value }));
    expect(keys.every((key, value) => map.get(key)?.value === value)).toBe(true);
    for (const key of keys.slice(3)) map.delete(key);
    expect([...map.all()].map(({ value }) => value)).toEqual([0, 1, 2]);
    expect(map.size).toBe(3);
    expect(map.get('')).toBeUndefined();
    expect(keys.slice(3).some((key) => map.get(key) !== undefined)).toBe(false);
  });
});
