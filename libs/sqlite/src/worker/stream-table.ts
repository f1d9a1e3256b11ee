import type { StreamChangeRow } from './batch-extras.js';
import { BatchedStatement } from './batched-statement.js';
import { BoundedMap } from './bounded-map.js';
import type { Cell, Connection, Statement } from './driver.js';
import { EventInserts } from './event-inserts.js';
import { payloadToCell } from './payload-cell.js';

const CACHED_STREAMS = 50_000;

/** What is known of a stream; version 0: there is none. */
interface KnownStream {
  id: number;
  version: number;
  /** Index in `STATES`. */
  state: number;
  /** Version of the oldest event that was not truncated. */
  first: number;
}

/** An event as it is written. */
export interface EventRow {
  readonly type: string;
  readonly at: number;
  readonly data: Cell;
  readonly metadata: Cell;
  tags: readonly string[];
}

/**
 * Streams and their events. Versions are kept in memory, so that an append of an active stream needs no look into the
 * file; the writer clears them when another connection has written.
 */
export class StreamTable {
  lastPosition = 0;
  lastStream = 0;
  /** Events have been deleted in this transaction: from now on the rows alone do not tell which numbers were given. */
  removed = false;
  private readonly states = new BoundedMap<string, KnownStream>(CACHED_STREAMS);
  /** Streams that this transaction takes for new. */
  private readonly assumed = new Set<KnownStream>();
  private readonly streamRows: BatchedStatement;
  private readonly eventRows: EventInserts;
  private readonly taggedRows: BatchedStatement;
  private readonly tagRows: BatchedStatement;
  private readonly found: BatchedStatement;
  private readonly deleteTags: Statement;
  private readonly deleteEvents: Statement;
  private readonly deleteStream: Statement;
  private readonly updateStream: Statement;
  private readonly anyTags: Statement;
  /** Whether the file holds events with tags; undefined: not asked yet. */
  private tagged: boolean | undefined;

  constructor(connection: Connection) {
    this.streamRows = new BatchedStatement(connection, 2, (rows) => `INSERT INTO streams (id, name) VALUES ${rows}`);
    this.eventRows = new EventInserts(connection);
    // A statement of its own: nearly all events have no tags and need no cell for them.
    this.taggedRows = new BatchedStatement(
      connection,
      8,
      (rows) => `INSERT INTO events (position, stream_id, version, type, at, data, metadata, tags) VALUES ${rows}`,
    );
    this.tagRows = new BatchedStatement(
      connection,
      2,
      (rows) => `INSERT INTO event_tags (tag, position) VALUES ${rows}`,
    );
    this.found = new BatchedStatement(
      connection,
      1,
      (names) =>
        `SELECT name, id, state, first_version, (SELECT max(version) FROM events WHERE stream_id = streams.id) FROM streams WHERE name IN (${names})`,
    );
    this.updateStream = connection.prepare('UPDATE streams SET state = ?, first_version = ? WHERE id = ?');
    this.anyTags = connection.prepare('SELECT EXISTS (SELECT 1 FROM event_tags)');
    this.deleteTags = connection.prepare(
      `DELETE FROM event_tags WHERE (tag, position) IN
       (SELECT tag.value, e.position FROM events e, json_each(e.tags) tag WHERE e.stream_id = ? AND e.version < ? AND e.tags IS NOT NULL)`,
    );
    this.deleteEvents = connection.prepare('DELETE FROM events WHERE stream_id = ? AND version < ?');
    this.deleteStream = connection.prepare('DELETE FROM streams WHERE id = ?');
  }

  /**
   * A commit is about this stream. To be called, and {@link load} after it, before anything else about the stream.
   *
   * @param isNew the commit can only succeed by making the stream: taken for granted instead of looked up, if all the
   * commits of the transaction allow that. See {@link confirmed}.
   */
  expect(stream: string, isNew: boolean): void {
    const known = this.states.get(stream);
    if (known !== undefined && (isNew || !this.assumed.delete(known))) return;
    const state = known ?? { id: 0, version: 0, state: 0, first: 1 };
    if (known === undefined) this.states.set(stream, state);
    if (isNew) this.assumed.add(state);
    else this.found.add(stream);
  }

  /** Whether every stream taken for new is written as new, so that SQLite refuses the row of one that is not. */
  confirmed(): boolean {
    for (const { version } of this.assumed) if (version === 0) return false;
    this.assumed.clear();
    return true;
  }

  /** Looks up all the streams expected. */
  load(): void {
    for (const [name, id, state, first, last] of this.found.all()) {
      const version = Math.max(Number(last ?? 0), Number(first) - 1);
      Object.assign(this.state(name as string), { id, version, state, first });
    }
  }

  get(stream: string): { readonly version: number; readonly state: number } {
    return this.state(stream);
  }

  /** Appends without asking for a version. Returns the new one. */
  append(stream: string, events: readonly EventRow[]): number {
    const state = this.state(stream);
    if (events.length === 0) return state.version;
    if (state.version === 0) {
      state.id = ++this.lastStream;
      this.streamRows.add(state.id, stream);
    }
    for (const event of events) this.add(state, event);
    return state.version;
  }

  delete(stream: string): void {
    const state = this.state(stream);
    if (state.version === 0) return;
    // What waits to be written may belong to this stream.
    this.flush();
    this.removeEvents(state.id, Number.MAX_SAFE_INTEGER);
    this.deleteStream.run([state.id]);
    state.version = 0;
    state.state = 0;
    state.first = 1;
  }

  change({ stream, truncateBefore, state }: StreamChangeRow): void {
    const known = this.state(stream);
    if (known.version === 0) return;
    const first = Math.min(truncateBefore, known.version + 1);
    // What waits to be written may belong to this stream.
    this.flush();
    if (first > known.first) {
      this.removeEvents(known.id, first);
      known.first = first;
    }
    if (state >= 0) known.state = state;
    this.updateStream.run([known.state, known.first, known.id]);
  }

  flush(): void {
    this.streamRows.run();
    this.eventRows.run();
    this.taggedRows.run();
    this.tagRows.run();
  }

  /** Forgets everything that was not written, and all that is known: the file says what is true. */
  reset(): void {
    this.streamRows.discard();
    this.eventRows.discard();
    this.taggedRows.discard();
    this.tagRows.discard();
    this.found.discard();
    this.states.clear();
    this.assumed.clear();
    this.tagged = undefined;
    this.removed = false;
  }

  trim(): void {
    this.states.trim();
  }

  private add(state: KnownStream, { type, at, data, metadata, tags }: EventRow): void {
    const position = ++this.lastPosition;
    const version = ++state.version;
    const [dataCell, metadataCell] = [payloadToCell(data), payloadToCell(metadata)];
    if (tags.length === 0) {
      this.eventRows.add(position, state.id, version, type, at, dataCell, metadataCell);
      return;
    }
    this.tagged = true;
    this.taggedRows.add(position, state.id, version, type, at, dataCell, metadataCell, JSON.stringify(tags));
    for (const tag of tags) this.tagRows.add(tag, position);
  }

  /** Removes the events of a stream below a version, and what leads to them. */
  private removeEvents(id: number, before: number): void {
    this.tagged ??= this.anyTags.first([])?.[0] === 1;
    if (this.tagged) this.deleteTags.run([id, before]);
    this.deleteEvents.run([id, before]);
    this.removed = true;
  }

  private state(stream: string): KnownStream {
    return this.states.get(stream) as KnownStream;
  }
}
