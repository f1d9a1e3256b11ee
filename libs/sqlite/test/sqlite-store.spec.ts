import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  CatgaModule,
  InvalidOptionError,
  JsonCodec,
  Store,
  UnknownOptionError,
  type CommitBatch,
  type NewEvent,
  type ReadStreamOptions,
  type StreamAppend,
} from '@catga/core';
import { CatgaSqliteModule, InvalidNameError, SqliteStore, type SqliteStoreOptions } from '@catga/sqlite';
import { Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { append, newFolder, rawDatabase, rawValue, removeFolders } from './tools.js';

afterAll(removeFolders);

const newStore = (options: Partial<SqliteStoreOptions> = {}): SqliteStore =>
  new SqliteStore({ path: join(newFolder(), 'sub', 'data.db'), ...options });

/** What the conformance suite cannot say, because only this store does it. */
describe('SqliteStore', () => {
  it('creates its file and the folders above it', async () => {
    const store = newStore();
    await store.open();
    expect(existsSync(store.path)).toBe(true);
    await store.close();
  });

  it('writes everything that waits in one transaction', async () => {
    const store = newStore();
    await store.open();
    const before = countTransactions(store.path);
    await Promise.all(Array.from({ length: 500 }, (_, index) => append(store, `s${index}`)));
    expect(countTransactions(store.path) - before).toBeLessThanOrEqual(3);
    await store.close();
  });

  describe('a commit that wants something to be new, of which this store knows nothing yet', () => {
    const event: NewEvent = { type: 'e', data: 'new' };
    const isNew = (stream: string, expectedVersion: 'no-stream' | 0 = 'no-stream'): StreamAppend => ({
      stream,
      expectedVersion,
      events: [event],
    });
    const record = { collection: 'c', key: 'taken', value: 'new' };
    const refused: readonly CommitBatch[] = [
      { appends: [isNew('taken')] },
      { appends: [isNew('free'), isNew('taken', 0)] },
      { appends: [isNew('closed')] },
      { appends: [isNew('truncated')] },
      { records: [{ ...record, ifVersion: 0 }] },
      { appends: [isNew('free')], records: [{ ...record, ifVersion: 0 }] },
      // Both are wrong: the stream is what is told first.
      { appends: [isNew('taken')], records: [{ ...record, ifVersion: 7 }] },
      {
        records: [
          { ...record, ifVersion: 0 },
          { ...record, key: 'none', ifVersion: 7 },
        ],
      },
      // Nothing would be written, so nothing would be refused by SQLite.
      { appends: [{ ...isNew('taken'), events: [] }] },
      { records: [{ collection: 'c', key: 'taken', ifVersion: 0 }] },
    ];
    const reasons = (store: SqliteStore): Promise<(string | undefined)[]> =>
      Promise.all(
        refused.map((batch) =>
          store.commit(batch).then(
            () => undefined,
            (error: Error) => error.message,
          ),
        ),
      );
    const filled = async (): Promise<SqliteStore> => {
      const store = newStore();
      for (const stream of ['taken', 'taken', 'closed', 'truncated']) await append(store, stream);
      await store.commit({
        streams: [
          { stream: 'closed', state: 'archived' },
          { stream: 'truncated', truncateBefore: 2 },
        ],
        records: [{ ...record, value: 'old' }],
      });
      return store;
    };

    it('is refused as by a store that knows, alone and among others that succeed', async () => {
      const knowing = await filled();
      const expected = await reasons(knowing);
      expect(expected).not.toContain(undefined);
      for (const [index, batch] of refused.entries()) {
        const store = new SqliteStore({ path: knowing.path });
        await expect(store.commit(batch)).rejects.toThrow(expected[index]);
        await store.close();
      }
      const store = new SqliteStore({ path: knowing.path });
      const [first, actual, last] = await Promise.all([
        store.commit({ appends: [isNew('first')], records: [{ ...record, key: 'first', ifVersion: 0 }] }),
        reasons(store),
        store.commit({ appends: [isNew('last')] }),
      ]);
      expect(actual).toEqual(expected);
      expect([first, last]).toMatchObject([
        { position: 5, versions: [1], recordVersions: [1] },
        { position: 6, versions: [1] },
      ]);
      // Events 1, 2, 3 of the others, and each of these once.
      const { events } = await store.readAll({ closed: true });
      expect(events.map(({ stream }) => stream)).toEqual(['taken', 'taken', 'closed', 'first', 'last']);
      expect((await store.getRecord('c', 'taken'))?.value).toBe('old');
      expect((await store.getRecord('c', 'first'))?.version).toBe(1);
      expect(await store.getStream('free')).toBeUndefined();
      await Promise.all([store.close(), knowing.close()]);
    });

    it('replaces a record that has expired and is still in the file', async () => {
      const first = newStore();
      await append(first, 's'); // expired records are looked for at most once a second: not again below
      await first.commit({ records: [{ ...record, value: 'old', expiresAt: 1 }] });
      await first.close();
      expect(rawValue(first.path, 'SELECT count(*) FROM records')).toBe(1);
      const store = new SqliteStore({ path: first.path });
      const { recordVersions } = await store.commit({ records: [{ ...record, ifVersion: 0 }] });
      expect(recordVersions).toEqual([1]);
      expect(await store.getRecord('c', 'taken')).toMatchObject({ version: 1, value: 'new' });
      await store.close();
    });
  });

  it('syncs every transaction to the disk unless told otherwise', async () => {
    const settings = async (options: Partial<SqliteStoreOptions>): Promise<unknown> => {
      const store = newStore(options);
      await store.open();
      const { settings: used } = (store as unknown as { writer: { settings: unknown } }).writer;
      await store.close();
      return used;
    };
    expect(await settings({})).toMatchObject({ synchronous: 'full' });
    expect(await settings({ synchronous: 'normal' })).toMatchObject({ synchronous: 'normal' });
  });

  it('can be read with the sqlite3 command line: names, JSON and readable times', async () => {
    const store = newStore();
    const codec = new JsonCodec();
    await store.commit({
      appends: [
        {
          stream: 'order-1',
          expectedVersion: 'no-stream',
          events: [{ type: 'placed', data: codec.encode({ total: 12.5 }), at: Date.UTC(2026, 0, 2, 3, 4, 5, 678) }],
        },
      ],
      records: [
        { collection: 'orders', key: '1', value: codec.encode({ total: 12.5 }), tags: ['status:open'], dueAt: 0 },
      ],
    });
    const database = rawDatabase(store.path);
    expect(
      database.prepare("SELECT stream, version, type, at, json_extract(data, '$.total') AS total FROM event_log").all(),
    ).toEqual([{ stream: 'order-1', version: 1, type: 'placed', at: '2026-01-02T03:04:05.678Z', total: 12.5 }]);
    expect(
      database
        .prepare("SELECT collection, key, tags, due_at, json_extract(value, '$.total') AS total FROM record_list")
        .all(),
    ).toEqual([
      { collection: 'orders', key: '1', tags: '["status:open"]', due_at: '1970-01-01T00:00:00.000Z', total: 12.5 },
    ]);
    database.close();
    await store.close();
  });

  it('keeps whole numbers as whole numbers', async () => {
    const store = newStore();
    await append(store, 's');
    await store.close();
    expect(rawValue(store.path, 'SELECT typeof(position) || typeof(version) || typeof(at) FROM events')).toBe(
      'integerintegerinteger',
    );
  });

  it('removes expired records from the file in the course of other commits', async () => {
    const store = newStore();
    const now = await store.now();
    const records = Array.from({ length: 50 }, (_, index) => ({
      collection: 'c',
      key: `k${index}`,
      value: 'v',
      tags: ['t'],
      expiresAt: now + 5,
    }));
    await store.commit({ records });
    for (let round = 0; round < 200 && Number(rawValue(store.path, 'SELECT count(*) FROM records')) > 0; round++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      await append(store, 's');
    }
    expect(rawValue(store.path, 'SELECT count(*) FROM records')).toBe(0);
    expect(rawValue(store.path, 'SELECT count(*) FROM record_tags')).toBe(0);
    await store.close();
  });

  it('keeps apart bytes that look like what it marks text with', async () => {
    const store = newStore();
    const payloads = [
      'a\0b',
      Buffer.from('catga:utf-16\0a'),
      Buffer.from('catga:bytes\0a'),
      Buffer.from('catga:bytes\0catga:bytes\0'),
      'catga:utf-16\0a',
    ];
    const events = payloads.map((data) => ({ type: 'e', data }));
    await store.commit({ appends: [{ stream: 's', expectedVersion: 'any', events }] });
    const back = (await store.readStream('s')).map(({ data }) => data);
    expect(back.map((data) => (typeof data === 'string' ? data : Buffer.from(data as Uint8Array)))).toEqual(payloads);
    await store.close();
  });

  it('gives every payload back as it was, whatever is written beside it', async () => {
    const store = newStore();
    const kinds: readonly { data: unknown; metadata?: unknown }[] = [
      { data: 'plain', metadata: '{"a":1}' },
      { data: '', metadata: 'data is empty' },
      { data: 'no metadata' },
      { data: 'empty metadata', metadata: '' },
      { data: 'Größe 七 😀', metadata: 'größer' },
      { data: 'é'.repeat(4_000), metadata: 'more bytes than characters' },
      { data: 'x'.repeat(4_095), metadata: 'y'.repeat(4_095) },
      { data: 'x'.repeat(4_096), metadata: 'long data' },
      { data: 'long metadata', metadata: 'y'.repeat(70_000) },
      { data: new Uint8Array([0, 255, 1]), metadata: 'bytes' },
      { data: 'a\0b', metadata: 'c\ud800d' },
    ];
    // Alone, and in every neighbourhood: many rows share a statement.
    const rounds = [kinds.slice(0, 3), kinds.slice(0, 5), ...kinds.map((kind) => [kind]), [...kinds, ...kinds], kinds];
    const written = rounds.flat().map((kind, index) => ({ ...kind, type: `Größe-${index % 7}`, at: index }));
    let at = 0;
    for (const [index, { length }] of rounds.entries()) {
      const events = written.slice(at, (at += length)) as unknown as NewEvent[];
      await store.commit({ appends: [{ stream: `s-${index % 3}`, expectedVersion: 'any', events }] });
    }
    const { events: read } = await store.readAll();
    expect(read.map(({ type, at, data, metadata }) => ({ type, at, data: plain(data), metadata }))).toEqual(
      written.map(({ type, at, data, metadata }) => ({ type, at, data: plain(data), metadata })),
    );
    expect(read.map(({ position }) => position)).toEqual(written.map((_, index) => index + 1));
    await store.close();
  });

  it('reads long streams whole, in both directions and any range, bytes or not', async () => {
    const store = newStore();
    for (const [stream, bytesAt] of [
      ['text', -1],
      ['mixed', 420],
    ] as const) {
      const events = Array.from({ length: 620 }, (_, index) => ({
        type: 'e"1\\',
        data: index === bytesAt ? new Uint8Array([0, 1]) : `"${index}"\n\u2028é`,
        ...(index % 3 === 0 && { metadata: `{"i":${index}}` }),
        ...(index % 5 === 0 && { tags: ['t:"x"'] }),
        at: index + 0.5,
      })) as unknown as NewEvent[];
      await store.commit({ appends: [{ stream, expectedVersion: 'no-stream', events }] });
      const all = await store.readStream(stream);
      expect(
        all.map(({ type, at, data, metadata, tags }) => ({ type, at, data: plain(data), metadata, tags })),
      ).toEqual(events.map(({ type, at, data, metadata, tags }) => ({ type, at, data: plain(data), metadata, tags })));
      const versions = async (options: ReadStreamOptions): Promise<number[]> =>
        (await store.readStream(stream, options)).map(({ version }) => version);
      const from1 = Array.from({ length: 620 }, (_, index) => index + 1);
      expect(await versions({ direction: 'backward' })).toEqual([...from1].reverse());
      expect(await versions({ from: 100, limit: 300 })).toEqual(from1.slice(99, 399));
      expect(await versions({ direction: 'backward', from: 500, to: 200 })).toEqual(from1.slice(199, 500).reverse());
      expect(await versions({ limit: 500 })).toEqual(from1.slice(0, 500));
      expect(await versions({ from: 371, to: 620 })).toEqual(from1.slice(370));
      expect(await versions({ since: 10, until: 400 })).toEqual(from1.slice(10, 400));
    }
    expect(await store.readStream('none')).toEqual([]);
    await store.close();
  });

  it('answers each of the reads that were asked for at once, large and small, of what there is and what there is not', async () => {
    const store = newStore();
    await store.open();
    const sizes = [0, 1, 249, 250, 251, 700];
    await Promise.all(
      sizes.map((size) =>
        store.commit({
          appends: [
            {
              stream: `s${size}`,
              expectedVersion: 'no-stream',
              events: Array.from({ length: size }, (_, index) => ({ type: 'e', data: `${size}.${index}` })),
            },
          ],
          records: [{ collection: 'c', key: `${size}`, value: `value ${size}` }],
        }),
      ),
    );
    const asked = [...sizes, ...sizes.toReversed()].map(async (size) => {
      const events = store.readStream(`s${size}`);
      const record = store.getRecord('c', `${size}`);
      const none = store.getRecord('c', 'none');
      const info = store.getStream(`s${size}`);
      expect((await events).map(({ data }) => data)).toEqual(Array.from({ length: size }, (_, i) => `${size}.${i}`));
      expect((await record)?.value).toBe(`value ${size}`);
      expect(await none).toBeUndefined();
      expect((await info)?.version).toBe(size === 0 ? undefined : size);
    });
    const closing = Promise.all(asked).then(() => undefined);
    await Promise.all([closing, store.close()]);
  });

  it('never gives a position again, also when the last events were deleted', async () => {
    const store = newStore();
    await append(store, 'kept');
    await append(store, 'gone');
    await store.commit({ deleteStreams: ['gone'] });
    await store.close();
    await store.open();
    expect((await append(store, 'next')).position).toBe(3);
    expect((await append(store, 'last')).position).toBe(4);
    await store.commit({ deleteStreams: ['last'], appends: [] });
    await store.commit({ records: [{ collection: 'c', key: 'k', value: 'v' }] });
    await store.commit({ records: [{ collection: 'c', key: 'k' }] });
    await store.close();
    const again = new SqliteStore({ path: store.path });
    expect((await append(again, 'after')).position).toBe(5);
    await again.close();
  });

  it('refuses names that SQLite would cut off or change, and does the other commits', async () => {
    const store = newStore();
    const good = append(store, 'good');
    await expect(append(store, 'a\0b')).rejects.toBeInstanceOf(InvalidNameError);
    await expect(
      store.commit({ records: [{ collection: 'c', key: 'k', value: 'v', tags: ['\ud800'] }] }),
    ).rejects.toMatchObject({
      code: 'CATGA_INVALID_NAME',
    });
    await expect(store.commit({ deleteStreams: ['good\0'] })).rejects.toBeInstanceOf(InvalidNameError);
    expect((await good).position).toBe(1);
    await store.commit({ records: [{ collection: 'c', key: 'k\ufffd', value: 'v', tags: ['t'] }] });
    expect(await store.readStream('good\0x')).toEqual([]);
    expect(await store.getRecord('c', 'k\ud800')).toBeUndefined();
    expect((await store.findRecords({ collection: 'c', tags: ['t\0'] })).records).toEqual([]);
    expect((await append(store, 'good')).position).toBe(2);
    await store.close();
  });

  it('fails a commit that SQLite refuses alone, not those that wait with it', async () => {
    const store = newStore();
    await store.open();
    const refused = store.commit({
      appends: [{ stream: 'bad', expectedVersion: 'any', events: [{ type: 'e', data: 'x', at: Number.NaN }] }],
    });
    const neighbours = Array.from({ length: 5 }, (_, index) => append(store, `s${index}`));
    await expect(refused).rejects.toMatchObject({ code: 'CATGA_STORE_UNKNOWN' });
    expect((await Promise.all(neighbours)).map(({ position }) => position)).toEqual([1, 2, 3, 4, 5]);
    expect(await store.readStream('bad')).toEqual([]);
    await store.close();
  });

  it('knows more streams than it remembers', async () => {
    const store = newStore({ synchronous: 'normal' });
    const names = Array.from({ length: 60_000 }, (_, index) => `s${index}`);
    for (let at = 0; at < names.length; at += 1_000) {
      await store.commit({
        appends: names
          .slice(at, at + 1_000)
          .map((stream) => ({ stream, expectedVersion: 'no-stream' as const, events: [{ type: 'e', data: 'x' }] })),
      });
    }
    for (const stream of ['s0', 's30000', 's59999']) {
      await expect(
        store.commit({ appends: [{ stream, expectedVersion: 'no-stream', events: [{ type: 'e', data: 'x' }] }] }),
      ).rejects.toMatchObject({ code: 'CATGA_VERSION_CONFLICT', actual: 1 });
      expect((await append(store, stream)).versions).toEqual([2]);
    }
    await store.close();
  });

  it.each([
    [{ path: '' }, InvalidOptionError],
    [{ path: ':memory:' }, InvalidOptionError],
    [{ path: 'x.db', synchronous: 'off' }, InvalidOptionError],
    [{ path: 'x.db', driver: 'better-sqlite3' }, InvalidOptionError],
    [{ path: 'x.db', maxSize: -1 }, InvalidOptionError],
    [{ path: 'x.db', lockTimeout: 'soon' }, Error],
    [{ path: 'x.db', synchronus: 'full' }, UnknownOptionError],
  ])('refuses the options %j', (options, error) => {
    expect(() => new SqliteStore(options as SqliteStoreOptions)).toThrow(error);
  });
});

describe('CatgaSqliteModule', () => {
  it.each(['before', 'after'])(
    'makes its file the store of the application, imported %s CatgaModule',
    async (place) => {
      const path = join(newFolder(), 'app.db');
      const sqlite = CatgaSqliteModule.forRoot({ path });
      const imports = place === 'before' ? [sqlite, CatgaModule.forRoot()] : [CatgaModule.forRoot(), sqlite];
      for (let run = 1; run <= 2; run++) {
        const app = await Test.createTestingModule({ imports }).compile();
        await app.init();
        const store = app.get(Store, { strict: false });
        expect(store).toBeInstanceOf(SqliteStore);
        expect((await append(store, 's')).versions).toEqual([run]);
        await app.close();
        await expect(append(store, 's')).rejects.toMatchObject({ code: 'CATGA_STORE_CLOSED' });
      }
    },
  );

  it('takes its options from other modules', async () => {
    @Injectable()
    class Folder {
      readonly path = newFolder();
    }
    @Module({ providers: [Folder], exports: [Folder] })
    class FolderModule {}
    const app = await Test.createTestingModule({
      imports: [
        CatgaModule.forRoot(),
        CatgaSqliteModule.forRootAsync({
          imports: [FolderModule],
          inject: [Folder],
          useFactory: (folder: Folder) => ({ path: join(folder.path, 'async.db'), synchronous: 'normal' }),
        }),
      ],
    }).compile();
    await app.init();
    const store = app.get(Store, { strict: false }) as SqliteStore;
    expect(store.path).toBe(join(app.get(Folder, { strict: false }).path, 'async.db'));
    await app.close();
  });

  it('lets the application not start on a file that cannot be used', async () => {
    const app = await Test.createTestingModule({
      imports: [CatgaModule.forRoot(), CatgaSqliteModule.forRoot({ path: newFolder() })],
    }).compile();
    await expect(app.init()).rejects.toMatchObject({ code: 'CATGA_STORE_CONNECTION' });
  });
});

/** Transactions in the write-ahead log: frames that end one hold the size of the database. */
function countTransactions(path: string): number {
  const wal = readFileSync(`${path}-wal`);
  if (statSync(`${path}-wal`).size < 32) return 0;
  const frame = 24 + wal.readUInt32BE(8);
  let count = 0;
  for (let at = 32; at + frame <= wal.length; at += frame) if (wal.readUInt32BE(at + 4) !== 0) count++;
  return count;
}

/** Bytes as a list: Jest takes a Buffer and a Uint8Array for different things. */
function plain(data: unknown): unknown {
  return data instanceof Uint8Array ? [...data] : data;
}
