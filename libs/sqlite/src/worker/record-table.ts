import { BoundedMap } from './bounded-map.js';
import type { Cell, Connection } from './driver.js';
import { payloadToCell } from './payload-cell.js';
import { RowBuffer } from './row-buffer.js';

const CACHED_RECORDS = 20_000;
/** Expired records removed in one transaction: enough to keep up, too few to be felt. */
const SWEEP_ROWS = 200;

/** A record write as it arrived; a null value deletes. */
export interface RecordRow {
  readonly collection: string;
  readonly key: string;
  readonly value: Cell;
  readonly ifVersion: number;
  readonly dueAt: number | null;
  readonly expiresAt: number | null;
  readonly tags: readonly string[];
}

/** What the file holds of a record. */
interface Saved {
  readonly id: number;
  readonly tags: readonly string[];
}

/** What is known of a record; version 0: there is none. */
interface RecordState {
  readonly collection: string;
  readonly key: string;
  id: number;
  version: number;
  createdAt: number;
  expiresAt: number | null;
  tags: readonly string[];
  saved: Saved | undefined;
  /** The last write of this transaction; several writes of one record become one. */
  write: RecordRow | undefined;
}

/** Records and their tags. Like the versions of streams, what is known of active records is kept in memory. */
export class RecordTable {
  lastRecord = 0;
  private readonly states = new BoundedMap<string, RecordState>(CACHED_RECORDS);
  private readonly touched = new Set<RecordState>();
  private readonly recordRows: RowBuffer;
  private readonly tagRows: RowBuffer;
  private readonly find;
  private readonly update;
  private readonly deleteRecord;
  private readonly deleteTag;
  private readonly expired;

  constructor(connection: Connection) {
    this.recordRows = new RowBuffer(
      connection,
      'INSERT INTO records (id, collection, key, version, value, tags, created_at, updated_at, due_at, expires_at)',
      10,
    );
    this.tagRows = new RowBuffer(connection, 'INSERT INTO record_tags (collection, tag, record_id)', 3);
    this.find = connection.prepare(
      'SELECT id, version, created_at, expires_at, tags FROM records WHERE collection = ? AND key = ?',
    );
    this.update = connection.prepare(
      'UPDATE records SET version = ?, value = ?, tags = ?, updated_at = ?, due_at = ?, expires_at = ? WHERE id = ?',
    );
    this.deleteRecord = connection.prepare('DELETE FROM records WHERE id = ?');
    this.deleteTag = connection.prepare('DELETE FROM record_tags WHERE collection = ? AND tag = ? AND record_id = ?');
    this.expired = connection.prepare(
      `SELECT collection, key FROM records WHERE expires_at <= ? ORDER BY expires_at LIMIT ${SWEEP_ROWS}`,
    );
  }

  version(collection: string, key: string, now: number): number {
    const state = this.state(collection, key);
    return isExpired(state, now) ? 0 : state.version;
  }

  /** Writes without asking for a version. Returns the new one. */
  write(row: RecordRow, now: number): number {
    const state = this.state(row.collection, row.key);
    this.touched.add(state);
    if (isExpired(state, now)) state.version = 0;
    if (row.value === null) {
      state.version = 0;
      return 0;
    }
    if (state.version === 0) {
      state.id = ++this.lastRecord;
      state.createdAt = now;
    }
    state.version++;
    state.expiresAt = row.expiresAt;
    state.tags = [...new Set(row.tags)];
    state.write = row;
    return state.version;
  }

  /** Brings the file to where the states are. */
  flush(now: number): void {
    for (const state of this.touched) if (mustLeave(state)) this.removeSaved(state);
    for (const state of this.touched) {
      if (state.version > 0) this.save(state, now);
      state.write = undefined;
    }
    this.recordRows.flush();
    this.tagRows.flush();
    this.touched.clear();
  }

  /** Removes some of what has expired. */
  sweep(now: number): void {
    for (const [collection, key] of this.expired.all([now])) {
      const state = this.state(String(collection), String(key));
      // Written again in this transaction: no longer what the file says.
      if (this.touched.has(state) || !isExpired(state, now)) continue;
      this.removeSaved(state);
      state.version = 0;
    }
  }

  reset(): void {
    this.recordRows.discard();
    this.tagRows.discard();
    this.touched.clear();
    this.states.clear();
  }

  trim(): void {
    this.states.trim();
  }

  private save(state: RecordState, now: number): void {
    const { id, collection, key, version, tags, createdAt, saved } = state;
    const { value, dueAt, expiresAt } = state.write as RecordRow;
    const tagText = tags.length === 0 ? null : JSON.stringify(tags);
    const cell = payloadToCell(value);
    if (saved === undefined) {
      this.recordRows.add(id, collection, key, version, cell, tagText, createdAt, now, dueAt, expiresAt);
    } else {
      this.update.run([version, cell, tagText, now, dueAt, expiresAt, id]);
      for (const tag of saved.tags) if (!tags.includes(tag)) this.deleteTag.run([collection, tag, id]);
    }
    for (const tag of tags) if (saved?.tags.includes(tag) !== true) this.tagRows.add(collection, tag, id);
    state.saved = { id, tags };
  }

  private removeSaved(state: RecordState): void {
    const { saved, collection } = state;
    if (saved === undefined) return;
    this.deleteRecord.run([saved.id]);
    for (const tag of saved.tags) this.deleteTag.run([collection, tag, saved.id]);
    state.saved = undefined;
  }

  private state(collection: string, key: string): RecordState {
    // No NUL can be in a name, so two different pairs never meet here.
    const name = `${collection}\0${key}`;
    let state = this.states.get(name);
    if (state === undefined) {
      state = this.load(collection, key);
      this.states.set(name, state);
    }
    return state;
  }

  private load(collection: string, key: string): RecordState {
    const [id, version, createdAt, expiresAt, tagText] = this.find.all([collection, key])[0] ?? [];
    const tags = typeof tagText === 'string' ? (JSON.parse(tagText) as string[]) : [];
    return {
      collection,
      key,
      id: Number(id ?? 0),
      version: Number(version ?? 0),
      createdAt: Number(createdAt ?? 0),
      expiresAt: typeof expiresAt === 'number' ? expiresAt : null,
      tags,
      saved: id === undefined ? undefined : { id: Number(id), tags },
      write: undefined,
    };
  }
}

function isExpired(state: RecordState, now: number): boolean {
  return state.version > 0 && state.expiresAt !== null && state.expiresAt <= now;
}

/** Deleted, or deleted and made anew: the row in the file is of a former life. */
function mustLeave({ saved, version, id }: RecordState): boolean {
  return saved !== undefined && (version === 0 || saved.id !== id);
}
