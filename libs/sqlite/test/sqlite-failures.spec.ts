import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Worker } from 'node:worker_threads';
import { StoreUnavailableError } from '@catga/core';
import { SqliteStore, type SqliteStoreOptions } from '@catga/sqlite';
import { toFault } from '../src/worker/fault.js';
import { append, checksum, Child, codeOf, newFolder, rawDatabase, rawValue, removeFolders } from './tools.js';

const stores: SqliteStore[] = [];

function storeAt(path: string, options: Partial<SqliteStoreOptions> = {}): SqliteStore {
  const store = new SqliteStore({ path, ...options });
  stores.push(store);
  return store;
}

/** A store file with one event in stream `kept`. */
async function goodFile(): Promise<string> {
  const path = join(newFolder(), 'data.db');
  const store = storeAt(path);
  await append(store, 'kept');
  await store.close();
  return path;
}

afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.close()));
});
afterAll(removeFolders);

describe('A SqliteStore whose file cannot be used', () => {
  it('says what happened, to which file, and what to do', async () => {
    const path = join(newFolder(), 'text.db');
    writeFileSync(path, 'This is a text, and not a short one.\n'.repeat(200));
    const error: unknown = await storeAt(path)
      .open()
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(StoreUnavailableError);
    expect(error).toMatchObject({ code: 'CATGA_STORE_DAMAGED', kind: 'infrastructure', reason: 'damaged' });
    expect((error as Error).message).toContain(path);
    expect((error as Error).message).toMatch(/Restore a backup/);
  });

  describe.each([
    [
      'is not a database',
      'CATGA_STORE_DAMAGED',
      (path: string) => writeFileSync(path, 'This is a text, and not a short one.\n'.repeat(200)),
    ],
    [
      'is damaged',
      'CATGA_STORE_DAMAGED',
      (path: string) => {
        const bytes = readFileSync(path);
        writeFileSync(path, bytes.fill(0x55, 4_096));
      },
    ],
    [
      'was written by a newer release',
      'CATGA_STORE_NEWER_SCHEMA',
      (path: string) => {
        const database = rawDatabase(path);
        database.exec('PRAGMA user_version = 99');
        database.close();
      },
    ],
    [
      'belongs to another program',
      'CATGA_STORE_FOREIGN_FILE',
      (path: string) => {
        rmSync(path);
        const database = rawDatabase(path);
        database.exec("CREATE TABLE theirs (a); INSERT INTO theirs VALUES ('precious')");
        database.close();
      },
    ],
  ])('because it %s', (_what, code, spoil) => {
    it('refuses every use with a code, changes no byte, and works again when the good file is back', async () => {
      const path = await goodFile();
      copyFileSync(path, `${path}.good`);
      spoil(path);
      const before = checksum(path);
      const store = storeAt(path);
      const codes = [
        await codeOf(store.open().then(() => append(store, 's'))),
        await codeOf(append(store, 's')),
        await codeOf(store.ping()),
        await codeOf(store.readStream('kept')),
      ];
      expect(codes).toEqual([code, code, code, code]);
      expect(checksum(path)).toBe(before);

      copyFileSync(`${path}.good`, path);
      await append(store, 'after');
      expect(await store.readStream('kept')).toHaveLength(1);
    });
  });

  it.each([
    ['the path is a folder', (path: string) => mkdirSync(path), (path: string) => rmSync(path, { recursive: true })],
    [
      'a file is where its folder should be',
      (path: string) => {
        rmSync(dirname(path), { recursive: true });
        writeFileSync(dirname(path), 'in the way');
      },
      (path: string) => rmSync(dirname(path)),
    ],
  ])('recovers when the cause goes away: %s', async (_what, cause, remedy) => {
    const path = join(newFolder(), 'sub', 'data.db');
    mkdirSync(dirname(path));
    cause(path);
    const store = storeAt(path);
    expect(await codeOf(store.open())).toBe('CATGA_STORE_CONNECTION');
    expect(await codeOf(append(store, 's'))).toBe('CATGA_STORE_CONNECTION');
    remedy(path);
    await append(store, 'after');
    expect(existsSync(path)).toBe(true);
  });

  it('may not write: says so, and works again with the right to', async () => {
    const path = await goodFile();
    const folder = dirname(path);
    chmodSync(path, 0o444);
    chmodSync(folder, 0o555);
    const outcome = await commitWithoutRights(path);
    chmodSync(folder, 0o777);
    chmodSync(path, 0o666);
    expect(outcome).toBe('CATGA_STORE_READ_ONLY');
    await append(storeAt(path), 'after');
  });

  it('is full: loses nothing it acknowledged, and works again when there is room', async () => {
    const path = join(newFolder(), 'full.db');
    const store = storeAt(path, { maxSize: 400_000 });
    let acknowledged = 0;
    let code: string | undefined;
    while (code === undefined && acknowledged < 1_000) {
      code = await codeOf(append(store, 'big', 'x'.repeat(2_000)));
      if (code === undefined) acknowledged++;
    }
    expect(code).toBe('CATGA_STORE_DISK_FULL');
    expect(await codeOf(store.ping())).toBe('CATGA_STORE_DISK_FULL');
    expect(acknowledged).toBeGreaterThan(50);
    expect(await store.readStream('big')).toHaveLength(acknowledged);

    await store.commit({ deleteStreams: ['big'] });
    await store.ping();
    expect((await append(store, 'small')).position).toBe(acknowledged + 1);
    expect(rawValue(path, 'PRAGMA integrity_check')).toBe('ok');
  });

  it('was removed under it: never acknowledges into nowhere, and never begins an empty file in its place', async () => {
    const path = await goodFile();
    const store = storeAt(path);
    await append(store, 'kept');
    renameSync(path, `${path}.away`);
    expect(await codeOf(append(store, 'kept'))).toBe('CATGA_STORE_CONNECTION');
    expect(await codeOf(append(store, 'kept'))).toBe('CATGA_STORE_CONNECTION');
    expect(existsSync(path)).toBe(false);
    renameSync(`${path}.away`, path);
    await append(store, 'after');
    expect((await store.readStream('kept')).length).toBe(2);
  });

  it('is locked by another program: waits, then says so, goes on reading, and works when the lock is gone', async () => {
    const path = await goodFile();
    const store = storeAt(path, { lockTimeout: '100ms' });
    await store.open();
    const child = new Child('hold-lock.mjs', [path]);
    await child.printed(1);
    expect(await codeOf(append(store, 'kept'))).toBe('CATGA_STORE_LOCKED');
    expect(await store.readStream('kept')).toHaveLength(1);
    child.signal('SIGSTOP'); // frozen with the lock in its hands
    expect(await codeOf(append(store, 'kept'))).toBe('CATGA_STORE_LOCKED');
    child.signal('SIGCONT');
    const patient = storeAt(path, { lockTimeout: '30s' });
    const waiting = append(patient, 'kept');
    child.write('go');
    await child.done();
    expect((await waiting).versions).toEqual([2]);
    expect((await append(store, 'kept')).versions).toEqual([3]);
  });
});

describe('A SqliteStore whose thread dies', () => {
  /** Reaches for the worker thread, which nothing but an accident touches otherwise. */
  const workerOf = (store: SqliteStore, role: 'writer' | 'reader'): Worker =>
    (store as unknown as Record<string, { worker: Worker }>)[role]?.worker as Worker;

  it('rejects the commits that were under way, keeps what it acknowledged, and goes on with a new one', async () => {
    const path = join(newFolder(), 'data.db');
    const store = storeAt(path);
    await store.open();
    const acknowledged: number[] = [];
    const codes = new Set<string | undefined>();
    const writer = async (number: number): Promise<void> => {
      for (let round = 0; round < 40; round++) {
        const own = number * 1_000 + round;
        const code = await codeOf(append(store, 's', String(own)));
        if (code === undefined) acknowledged.push(own);
        else codes.add(code);
        if (number === 0 && round === 20) void workerOf(store, 'writer').terminate();
      }
    };
    await Promise.all(Array.from({ length: 10 }, (_, number) => writer(number)));
    expect([...codes]).toEqual(['CATGA_STORE_CONNECTION']);
    const kept = (await store.readStream('s')).map(({ data }) => Number(data));
    expect(kept).toEqual(expect.arrayContaining(acknowledged));
    expect(new Set(kept).size).toBe(kept.length);
    expect((await store.readAll({ limit: 10_000 })).events.map(({ position }) => position)).toEqual(
      kept.map((_, at) => at + 1),
    );
  });

  it('rejects the reads that were under way, and answers the next', async () => {
    const store = storeAt(await goodFile());
    await store.readAll();
    const reads = Array.from({ length: 5 }, () => codeOf(store.readAll()));
    await workerOf(store, 'reader').terminate();
    for (const code of await Promise.all(reads)) expect([undefined, 'CATGA_STORE_CONNECTION']).toContain(code);
    expect((await store.readAll()).events).toHaveLength(1);
  });
});

/** The code of the error of a commit by somebody who may not write. Root may always, so root sends somebody else. */
async function commitWithoutRights(path: string): Promise<string | undefined> {
  if (process.getuid?.() !== 0) {
    const store = storeAt(path);
    return codeOf(append(store, 's'));
  }
  const nobody = 65_534;
  const fixture = join(import.meta.dirname, 'fixtures', 'commit-once.mjs');
  const look = spawnSync(process.execPath, ['--check', fixture], { uid: nobody });
  if (look.status === 0) {
    const child = new Child('commit-once.mjs', [path], { uid: nobody });
    await child.done();
    return (JSON.parse(child.lines[0] ?? '{}') as { committed: string }).committed;
  }
  // This folder is closed to anybody but root: at least see that SQLite's own refusal is understood.
  const Database = createRequire(import.meta.url)('libsql') as new (path: string) => { exec(sql: string): void };
  try {
    new Database(`${pathToFileURL(path).href}?mode=ro`).exec('DELETE FROM probe');
    return undefined;
  } catch (error) {
    return toFault(error).reason === 'read-only' ? 'CATGA_STORE_READ_ONLY' : String(error);
  }
}
