import { join } from 'node:path';
import { SqliteStore } from '@catga/sqlite';
import { Child, newFolder, rawValue, removeFolders } from './tools.js';

afterAll(removeFolders);

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Numbers in a stream or collection that fixtures/load.mjs wrote, ascending. */
async function written(store: SqliteStore, name: string): Promise<Record<'left' | 'right' | 'records', number[]>> {
  const stream = async (side: string): Promise<number[]> =>
    (await store.readStream(`${name}-${side}`)).map(({ data }) => Number(data)).sort((a, b) => a - b);
  const page = await store.findRecords({ collection: name, limit: 1_000_000 });
  const records = page.records.map(({ value }) => Number(value)).sort((a, b) => a - b);
  return { left: await stream('left'), right: await stream('right'), records };
}

/** Positions from 1 without a gap, and SQLite finds nothing wrong with the file. */
async function expectSound(store: SqliteStore): Promise<void> {
  const positions: number[] = [];
  for (let page = 1; page > 0;) {
    const { events } = await store.readAll({ after: positions.at(-1) ?? 0 });
    for (const { position } of events) positions.push(position);
    page = events.length;
  }
  expect(positions).toEqual(Array.from({ length: positions.length }, (_, index) => index + 1));
  expect(rawValue(store.path, 'PRAGMA integrity_check')).toBe('ok');
  expect(
    rawValue(
      store.path,
      `SELECT count(*) FROM record_tags t LEFT JOIN records r ON r.id = t.record_id
       WHERE r.id IS NULL OR NOT EXISTS (SELECT 1 FROM json_each(r.tags) WHERE r.collection || '/' || value = t.tag)`,
    ),
  ).toBe(0);
}

describe('A SqliteStore in several OS processes', () => {
  it('has every acknowledged commit whole, and no commit in part, after kill -9 in mid-load', async () => {
    const path = join(newFolder(), 'killed.db');
    const acknowledged = new Set<number>();
    for (let round = 0; round < 4; round++) {
      const child = new Child('load.mjs', [path, 'a', '20']);
      await child.printed(50 + round * 40);
      child.signal('SIGKILL');
      await child.exited;
      for (const line of child.lines) acknowledged.add(Number(line));
    }
    const store = new SqliteStore({ path });
    const { left, right, records } = await written(store, 'a');
    expect(right).toEqual(left);
    expect(records).toEqual(left);
    expect(new Set(left).size).toBe(left.length);
    expect(acknowledged.size).toBeGreaterThan(300);
    expect([...acknowledged].filter((number) => !left.includes(number))).toEqual([]);
    await expectSound(store);
    await store.close();
  });

  it('serves two of them at once, with one of them frozen and thawed in between', async () => {
    const path = join(newFolder(), 'shared.db');
    const first = new Child('load.mjs', [path, 'a', '10', '400']);
    const second = new Child('load.mjs', [path, 'b', '10', '400']);
    await Promise.all([first.printed(20), second.printed(20)]);
    for (let round = 0; round < 3; round++) {
      first.signal('SIGSTOP');
      await pause(60 + round * 150); // at times longer than the other waits for a lock
      first.signal('SIGCONT');
      await pause(20);
    }
    await Promise.all([first.done(), second.done()]);
    const store = new SqliteStore({ path });
    const all = Array.from({ length: 400 }, (_, index) => index + 1);
    for (const name of ['a', 'b']) {
      expect(await written(store, name)).toEqual({ left: all, right: all, records: all });
    }
    await expectSound(store);
    await store.close();
  });

  it('wakes listeners of this one by commits of another', async () => {
    const path = join(newFolder(), 'heard.db');
    const store = new SqliteStore({ path });
    await store.open();
    let heard = 0;
    const stop = store.onCommit(() => heard++);
    const child = new Child('load.mjs', [path, 'a', '1', '3']);
    await child.done();
    for (let waited = 0; heard === 0 && waited < 1_000; waited++) await pause(10);
    stop();
    expect(heard).toBeGreaterThan(0);
    await store.close();
  });

  it('leaves a program that has nothing else to do free to end, but not before its commits are safe', async () => {
    const path = join(newFolder(), 'ends.db');
    const child = new Child('forget-to-close.mjs', [path]);
    await child.done();
    expect(child.lines).toEqual(['CATGA_STORE_CONNECTION', 'acknowledged']);
    expect(rawValue(path, 'SELECT count(*) FROM events')).toBe(1);
  });
});
