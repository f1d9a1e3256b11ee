import type { Connection } from './driver.js';
import { StoreFault } from './fault.js';

/** "CtGa": tells the files of this store from other SQLite files. */
export const APPLICATION_ID = 0x43744761;

/**
 * One entry a version of the schema; `PRAGMA user_version` counts how many a file has. Never change an entry that was
 * released, add one.
 *
 * Few indexes, each for one question: a commit pays for every one of them.
 * - `records_created` pages through a collection in the order of creation,
 * - `records_due` finds what is due; only records that have a due time are in it,
 * - `event_tags` finds events by tag; only events that have tags are in it,
 * - `records_expiring` lets the sweep find what has expired; only records that can expire are in it.
 *
 * No foreign keys: the writer looks everything up before it writes, a second look by SQLite would be paid for each row.
 *
 * Streams and records have numbers of their own, given in the order of creation, so that new rows of the big indexes
 * go to their end: few pages change in a transaction, and every changed page is written and synced.
 */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE counters (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    last_position INTEGER NOT NULL, -- the last numbers given when rows were last deleted; see also the rows
    last_stream INTEGER NOT NULL,
    last_record INTEGER NOT NULL
  );
  INSERT INTO counters VALUES (1, 0, 0, 0);

  CREATE TABLE streams (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
  );

  CREATE TABLE events (
    position INTEGER PRIMARY KEY, -- place in the order of all events
    stream_id INTEGER NOT NULL,  -- streams.id
    version INTEGER NOT NULL,     -- place in the stream, from 1
    type TEXT NOT NULL,
    at INTEGER NOT NULL,          -- milliseconds since 1970
    data NOT NULL,                -- text or bytes, as the codec wrote it
    metadata
  );
  CREATE UNIQUE INDEX events_stream ON events (stream_id, version);

  CREATE TABLE records (
    id INTEGER PRIMARY KEY,       -- grows in the order of creation
    collection TEXT NOT NULL,
    key TEXT NOT NULL,
    version INTEGER NOT NULL,
    value NOT NULL,               -- text or bytes, as the codec wrote it
    tags TEXT,                    -- JSON array; the same tags are in record_tags
    created_at INTEGER NOT NULL,  -- milliseconds since 1970, as all times here
    updated_at INTEGER NOT NULL,
    due_at INTEGER,
    expires_at INTEGER
  );
  CREATE UNIQUE INDEX records_key ON records (collection, key);
  CREATE INDEX records_created ON records (collection, id);
  CREATE INDEX records_due ON records (collection, due_at, id) WHERE due_at IS NOT NULL;
  CREATE INDEX records_expiring ON records (expires_at) WHERE expires_at IS NOT NULL;

  CREATE TABLE record_tags (
    tag TEXT NOT NULL,            -- collection, '/', tag
    record_id INTEGER NOT NULL,   -- records.id
    PRIMARY KEY (tag, record_id)
  ) WITHOUT ROWID;

  CREATE TABLE probe (bytes BLOB); -- always empty; a health check writes and deletes a row

  -- For people: the same with names and readable times.
  CREATE VIEW event_log AS
    SELECT e.position, s.name AS stream, e.version, e.type,
           strftime('%Y-%m-%dT%H:%M:%fZ', e.at / 1000.0, 'unixepoch') AS at, e.data, e.metadata
    FROM events e JOIN streams s ON s.id = e.stream_id;
  CREATE VIEW record_list AS
    SELECT collection, key, version, tags,
           strftime('%Y-%m-%dT%H:%M:%fZ', created_at / 1000.0, 'unixepoch') AS created_at,
           strftime('%Y-%m-%dT%H:%M:%fZ', updated_at / 1000.0, 'unixepoch') AS updated_at,
           strftime('%Y-%m-%dT%H:%M:%fZ', due_at / 1000.0, 'unixepoch') AS due_at,
           strftime('%Y-%m-%dT%H:%M:%fZ', expires_at / 1000.0, 'unixepoch') AS expires_at, value
    FROM records;
  `,
  `
  ALTER TABLE events ADD COLUMN tags TEXT; -- JSON array, NULL without; the same tags are in event_tags
  ALTER TABLE streams ADD COLUMN state INTEGER NOT NULL DEFAULT 0; -- 0 open, 1 archived, 2 deleted
  ALTER TABLE streams ADD COLUMN first_version INTEGER NOT NULL DEFAULT 1; -- events below it were truncated

  CREATE TABLE event_tags (
    tag TEXT NOT NULL,
    position INTEGER NOT NULL,    -- events.position
    PRIMARY KEY (tag, position)
  ) WITHOUT ROWID;

  CREATE TABLE commit_ids (       -- commits that may be repeated
    number INTEGER PRIMARY KEY,   -- grows with the time
    id TEXT NOT NULL UNIQUE,
    at INTEGER NOT NULL,
    answer TEXT NOT NULL          -- JSON: position, versions, record versions
  );

  DROP VIEW event_log;
  CREATE VIEW event_log AS
    SELECT e.position, s.name AS stream, e.version, e.type, e.tags,
           strftime('%Y-%m-%dT%H:%M:%fZ', e.at / 1000.0, 'unixepoch') AS at, e.data, e.metadata
    FROM events e JOIN streams s ON s.id = e.stream_id;
  `,
];

/**
 * SQL over `counters` for the last numbers ever given. They follow from the rows, and from that table where the rows with
 * the highest numbers were deleted: only a transaction that deletes rows writes it, the others have one page less to sync.
 */
export const LAST = {
  position: 'max(last_position, ifnull((SELECT max(position) FROM events), 0))',
  stream: 'max(last_stream, ifnull((SELECT max(id) FROM streams), 0))',
  record: 'max(last_record, ifnull((SELECT max(id) FROM records), 0))',
} as const;

/** The version this package writes. */
export const SCHEMA_VERSION = MIGRATIONS.length;

/**
 * Brings the file to {@link SCHEMA_VERSION}.
 *
 * @throws {StoreFault} `foreign-file`, `newer-schema`
 */
export function migrate(connection: Connection): void {
  if (readSchemaVersion(connection) === SCHEMA_VERSION) return;
  connection.exec('BEGIN IMMEDIATE');
  try {
    // Again inside the transaction: another OS process may have migrated in between.
    for (let version = readSchemaVersion(connection); version < SCHEMA_VERSION; version++) {
      connection.exec(MIGRATIONS[version] as string);
      connection.exec(`PRAGMA user_version = ${version + 1}`);
    }
    connection.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
    connection.exec('COMMIT');
  } catch (error) {
    connection.exec('ROLLBACK');
    throw error;
  }
}

/**
 * Version of the schema in the file; 0 for an empty file. Only looks: to be called before any statement that could
 * change the file.
 *
 * @throws {StoreFault} `foreign-file` when it is not this store's, `newer-schema` when a newer release wrote it
 */
export function readSchemaVersion(connection: Connection): number {
  const applicationId = readPragma(connection, 'application_id');
  const version = readPragma(connection, 'user_version');
  if (applicationId !== APPLICATION_ID) {
    const [tables] = connection.prepare('SELECT count(*) FROM sqlite_schema').all([])[0] ?? [0];
    if (applicationId === 0 && version === 0 && tables === 0) return 0;
    throw new StoreFault('foreign-file', `application_id ${applicationId}, not ${APPLICATION_ID}`);
  }
  if (version > SCHEMA_VERSION) {
    throw new StoreFault('newer-schema', `schema version ${version}, this release knows ${SCHEMA_VERSION}`);
  }
  return version;
}

function readPragma(connection: Connection, name: string): number {
  return Number(connection.prepare(`PRAGMA ${name}`).all([])[0]?.[0] ?? 0);
}
