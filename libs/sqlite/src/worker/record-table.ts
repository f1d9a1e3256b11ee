import { BatchedStatement } from './batched-statement.js';
import { BoundedMap } from './bounded-map.js';
import type { Connection } from './driver.js';
import { payloadToCell } from './payload-cell.js';
import {
  isExpired,
  mustLeave,
  nameOf,
  storedTag,
  unknownRecord,
  type RecordRow,
  type RecordState,
} from './record-state.js';

const CACHED_RECORDS = 20_000;
/** Expired records removed in one transaction: enough to keep up, too few to be felt. */
const SWEEP_ROWS = 200;

/** Records and their tags. Like the versions of streams, what is known of active records is kept in memory. */
export class RecordTable {
  lastRecord = 0;
  /** Records have been deleted in this transaction: from now on the rows alone do not tell which numbers were given. */
  removed = false;
  private readonly states = new BoundedMap<string, RecordState>(CACHED_RECORDS);
  /** Records that this transaction takes for new. */
  private readonly assumed = new Set<RecordState>();
  private readonly touched = new Set<RecordState>();
  private readonly inserts: BatchedStatement;
  private readonly updates: BatchedStatement;
  private readonly deletes: BatchedStatement;
  private readonly tagInserts: BatchedStatement;
  private readonly found: BatchedStatement;
  private readonly tagDeletes;
  private readonly removedTags = new Map<string, number[]>();
  private readonly expired;

  constructor(connection: Connection) {
    this.inserts = new BatchedStatement(
      connection,
      10,
      (rows) =>
        `INSERT INTO records (id, collection, key, version, value, tags, created_at, updated_at, due_at, expires_at) VALUES ${rows}`,
    );
    this.updates = new BatchedStatement(
      connection,
      7,
      (rows) =>
        `UPDATE records SET version = new.column2, value = new.column3, tags = new.column4, updated_at = new.column5,
         due_at = new.column6, expires_at = new.column7 FROM (VALUES ${rows}) AS new WHERE id = new.column1`,
    );
    this.deletes = new BatchedStatement(connection, 1, (ids) => `DELETE FROM records WHERE id IN (${ids})`);
    this.tagInserts = new BatchedStatement(
      connection,
      2,
      (rows) => `INSERT INTO record_tags (tag, record_id) VALUES ${rows}`,
    );
    this.found = new BatchedStatement(
      connection,
      2,
      (rows) =>
        `SELECT collection, key, id, version, created_at, expires_at, tags FROM records WHERE (collection, key) IN (VALUES ${rows})`,
    );
    this.tagDeletes = connection.prepare(
      'DELETE FROM record_tags WHERE tag = ?1 AND record_id IN (SELECT value FROM json_each(?2))',
    );
    this.expired = connection.prepare(
      `SELECT collection, key FROM records WHERE expires_at <= ? ORDER BY expires_at LIMIT ${SWEEP_ROWS}`,
    );
  }

  /**
   * A commit is about this record. To be called, and {@link load} after it, before anything else about the record.
   *
   * @param isNew as for streams, see `StreamTable.expect`
   */
  expect({ collection, key }: Pick<RecordRow, 'collection' | 'key'>, isNew: boolean): void {
    const name = nameOf(collection, key);
    const known = this.states.get(name);
    if (known !== undefined && (isNew || !this.assumed.delete(known))) return;
    const state = known ?? unknownRecord(collection, key);
    if (known === undefined) this.states.set(name, state);
    if (isNew) this.assumed.add(state);
    else this.found.add(collection, key);
  }

  /** Whether every record taken for new is written as new, so that SQLite refuses the row of one that is not. */
  confirmed(): boolean {
    for (const { version } of this.assumed) if (version === 0) return false;
    this.assumed.clear();
    return true;
  }

  /** Looks up all the records expected. */
  load(): void {
    for (const [collection, key, id, version, createdAt, expiresAt, tagText] of this.found.all()) {
      const tags = typeof tagText === 'string' ? (JSON.parse(tagText) as string[]) : [];
      const state = this.state(collection as string, key as string);
      Object.assign(state, { id, version, createdAt, expiresAt, tags, saved: { id, tags } });
    }
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
    this.touched.clear();
    this.deletes.run();
    this.deleteTags();
    this.updates.run();
    this.inserts.run();
    this.tagInserts.run();
  }

  /** Removes some of what has expired. */
  sweep(now: number): void {
    const rows = this.expired
      .all([now])
      .map(([collection, key]) => ({ collection: String(collection), key: String(key) }));
    for (const row of rows) this.expect(row, false);
    this.load();
    for (const { collection, key } of rows) {
      const state = this.state(collection, key);
      // Written again in this transaction: no longer what the file says.
      if (this.touched.has(state) || !isExpired(state, now)) continue;
      state.version = 0;
      this.touched.add(state);
    }
  }

  /** Forgets everything that was not written, and all that is known: the file says what is true. */
  reset(): void {
    for (const batched of [this.inserts, this.updates, this.deletes, this.tagInserts, this.found]) batched.discard();
    this.removedTags.clear();
    this.touched.clear();
    this.states.clear();
    this.assumed.clear();
    this.removed = false;
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
      this.inserts.add(id, collection, key, version, cell, tagText, createdAt, now, dueAt, expiresAt);
    } else {
      this.updates.add(id, version, cell, tagText, now, dueAt, expiresAt);
      for (const tag of saved.tags) if (!tags.includes(tag)) this.removeTag(collection, tag, id);
    }
    for (const tag of tags) {
      if (saved?.tags.includes(tag) !== true) this.tagInserts.add(storedTag(collection, tag), id);
    }
    state.saved = { id, tags };
  }

  private removeSaved(state: RecordState): void {
    const { saved, collection } = state;
    if (saved === undefined) return;
    this.deletes.add(saved.id);
    this.removed = true;
    for (const tag of saved.tags) this.removeTag(collection, tag, saved.id);
    state.saved = undefined;
  }

  private removeTag(collection: string, tag: string, id: number): void {
    const stored = storedTag(collection, tag);
    const ids = this.removedTags.get(stored);
    if (ids === undefined) this.removedTags.set(stored, [id]);
    else ids.push(id);
  }

  /** Grouped by tag: mostly many records lose the same one, a state they have left. */
  private deleteTags(): void {
    if (this.removedTags.size === 0) return;
    for (const [tag, ids] of this.removedTags) this.tagDeletes.run([tag, JSON.stringify(ids)]);
    this.removedTags.clear();
  }

  private state(collection: string, key: string): RecordState {
    return this.states.get(nameOf(collection, key)) as RecordState;
  }
}
