import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { SqliteStore } from '@catga/sqlite';
import { append, codeOf, newFolder, rawDatabase, rawValue, removeFolders } from './tools.js';

/** What the first release wrote, as it wrote it. Never to be changed: files like it exist. */
const SCHEMA_1 = `
  CREATE TABLE counters (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    last_position INTEGER NOT NULL, last_stream INTEGER NOT NULL, last_record INTEGER NOT NULL
  );
  INSERT INTO counters VALUES (1, 0, 0, 0);
  CREATE TABLE streams (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
  CREATE TABLE events (
    position INTEGER PRIMARY KEY, stream_id INTEGER NOT NULL, version INTEGER NOT NULL,
    type TEXT NOT NULL, at INTEGER NOT NULL, data NOT NULL, metadata
  );
  CREATE UNIQUE INDEX events_stream ON events (stream_id, version);
  CREATE TABLE records (
    id INTEGER PRIMARY KEY, collection TEXT NOT NULL, key TEXT NOT NULL, version INTEGER NOT NULL, value NOT NULL,
    tags TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, due_at INTEGER, expires_at INTEGER
  );
  CREATE UNIQUE INDEX records_key ON records (collection, key);
  CREATE INDEX records_created ON records (collection, id);
  CREATE INDEX records_due ON records (collection, due_at, id) WHERE due_at IS NOT NULL;
  CREATE INDEX records_expiring ON records (expires_at) WHERE expires_at IS NOT NULL;
  CREATE TABLE record_tags (tag TEXT NOT NULL, record_id INTEGER NOT NULL, PRIMARY KEY (tag, record_id)) WITHOUT ROWID;
  CREATE TABLE probe (bytes BLOB);
  CREATE VIEW event_log AS
    SELECT e.position, s.name AS stream, e.version, e.type,
           strftime('%Y-%m-%dT%H:%M:%fZ', e.at / 1000.0, 'unixepoch') AS at, e.data, e.metadata
    FROM events e JOIN streams s ON s.id = e.stream_id;
  CREATE VIEW record_list AS SELECT collection, key, version, tags, value FROM records;
  PRAGMA application_id = 0x43744761;
  PRAGMA user_version = 1;
`;

/** A file with two streams and a record, of which an event was deleted, by the first release. */
function writeOldFile(path: string): void {
  const database = rawDatabase(path);
  database.exec('PRAGMA journal_mode = WAL');
  database.exec(SCHEMA_1);
  database.exec(`
    INSERT INTO streams VALUES (1, 'order-1'), (2, 'order-2');
    INSERT INTO events VALUES (1, 1, 1, 'placed', 1000, '{"n":1}', NULL), (2, 2, 1, 'placed', 2000, '{"n":2}', 'meta'),
                              (3, 1, 2, 'paid', 3000, '{"n":3}', NULL);
    INSERT INTO records VALUES (1, 'orders', '1', 4, '{}', '["open"]', 1000, 3000, NULL, NULL);
    INSERT INTO record_tags VALUES ('orders/open', 1);
    UPDATE counters SET last_position = 5, last_stream = 3, last_record = 2;
  `);
  database.close();
}

/** Tables, columns and indexes, without the spelling of the statements that made them. */
function shapeOf(path: string): unknown {
  const database = rawDatabase(path);
  try {
    const columns = database
      .prepare(
        `SELECT t.name || '.' || c.name || ' ' || c.type || ' ' || c."notnull" || ' ' || ifnull(c.dflt_value, '-') AS line
         FROM sqlite_schema t, pragma_table_info(t.name) c WHERE t.type = 'table' ORDER BY t.name, c.cid`,
      )
      .all();
    const indexes = database
      .prepare(`SELECT name || ' on ' || tbl_name AS line FROM sqlite_schema WHERE type = 'index' ORDER BY name`)
      .all();
    return [...columns, ...indexes].map(({ line }) => line);
  } finally {
    database.close();
  }
}

describe('A SQLite file of the first release', () => {
  afterAll(removeFolders);

  it('is opened, migrated, and keeps everything it held', async () => {
    const path = join(newFolder(), 'old.db');
    writeOldFile(path);
    const store = new SqliteStore({ path });
    await store.open();
    const { events, position } = await store.readAll({ query: { categories: ['order'] } });
    expect({ events, position }).toEqual({
      events: [
        { stream: 'order-1', version: 1, position: 1, type: 'placed', at: 1_000, data: '{"n":1}' },
        { stream: 'order-2', version: 1, position: 2, type: 'placed', at: 2_000, data: '{"n":2}', metadata: 'meta' },
        { stream: 'order-1', version: 2, position: 3, type: 'paid', at: 3_000, data: '{"n":3}' },
      ],
      position: 5,
    });
    expect(await store.getStream('order-1')).toEqual({
      stream: 'order-1',
      version: 2,
      firstVersion: 1,
      state: 'open',
    });
    expect((await store.findRecords({ collection: 'orders', tags: ['open'] })).records).toMatchObject([
      { key: '1', version: 4 },
    ]);
    expect(await append(store, 'order-1')).toMatchObject({ position: 6, versions: [3] });
    await store.close();
  });

  it('can do everything afterwards that a new file can, and looks like one', async () => {
    const [oldPath, newPath] = [join(newFolder(), 'old.db'), join(newFolder(), 'new.db')];
    writeOldFile(oldPath);
    for (const path of [oldPath, newPath]) {
      const store = new SqliteStore({ path });
      await store.open();
      await append(store, 'order-1');
      const id = 'once';
      const tagged = { type: 'noted', data: '""', tags: ['x'] };
      await store.commit({ id, appends: [{ stream: 'order-1', expectedVersion: 'any', events: [tagged] }] });
      await store.commit({ streams: [{ stream: 'order-1', truncateBefore: 2, state: 'archived' }] });
      expect((await store.readAll({ query: { tags: ['x'] }, closed: true })).events).toHaveLength(1);
      expect(await codeOf(append(store, 'order-1'))).toBe('CATGA_STREAM_CLOSED');
      await store.close();
    }
    expect(shapeOf(oldPath)).toEqual(shapeOf(newPath));
    expect(rawValue(oldPath, 'SELECT count(*) FROM event_log')).toBeGreaterThan(0);
    expect(rawValue(oldPath, 'PRAGMA user_version')).toBe(rawValue(newPath, 'PRAGMA user_version'));
  });

  it('is migrated once by two stores that open it at the same time', async () => {
    const path = join(newFolder(), 'old.db');
    writeOldFile(path);
    copyFileSync(path, `${path}.before`);
    const stores = [new SqliteStore({ path }), new SqliteStore({ path })];
    await Promise.all(stores.map((store) => store.open()));
    for (const store of stores) expect((await store.readAll()).events).toHaveLength(3);
    await Promise.all(stores.map((store) => store.close()));
    expect(rawValue(`${path}.before`, 'PRAGMA user_version')).toBe(1);
  });
});
