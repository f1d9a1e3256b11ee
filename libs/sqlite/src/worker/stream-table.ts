import { BatchedStatement } from './batched-statement.js';
import { BoundedMap } from './bounded-map.js';
import type { Cell, Connection } from './driver.js';
import { payloadToCell } from './payload-cell.js';

const CACHED_STREAMS = 50_000;

/** What is known of a stream; version 0: there is none. */
interface StreamState {
  id: number;
  version: number;
}

/** An event as it is written. */
export interface EventRow {
  readonly type: string;
  readonly at: number;
  readonly data: Cell;
  readonly metadata: Cell;
}

/**
 * Streams and their events. Versions are kept in memory, so that an append of an active stream needs no look into the
 * file; the writer clears them when another connection has written.
 */
export class StreamTable {
  lastPosition = 0;
  lastStream = 0;
  private readonly states = new BoundedMap<string, StreamState>(CACHED_STREAMS);
  private readonly streamRows: BatchedStatement;
  private readonly eventRows: BatchedStatement;
  private readonly found: BatchedStatement;
  private readonly deleteEvents;
  private readonly deleteStream;

  constructor(connection: Connection) {
    this.streamRows = new BatchedStatement(connection, 2, (rows) => `INSERT INTO streams (id, name) VALUES ${rows}`);
    this.eventRows = new BatchedStatement(
      connection,
      7,
      (rows) => `INSERT INTO events (position, stream_id, version, type, at, data, metadata) VALUES ${rows}`,
    );
    this.found = new BatchedStatement(
      connection,
      1,
      (names) =>
        `SELECT name, id, (SELECT max(version) FROM events WHERE stream_id = streams.id) FROM streams WHERE name IN (${names})`,
    );
    this.deleteEvents = connection.prepare('DELETE FROM events WHERE stream_id = ?');
    this.deleteStream = connection.prepare('DELETE FROM streams WHERE id = ?');
  }

  /** Learns about streams, all in one look into the file. To be called before anything else about them. */
  load(streams: Iterable<string>): void {
    for (const stream of streams) {
      if (this.states.get(stream) !== undefined) continue;
      this.states.set(stream, { id: 0, version: 0 });
      this.found.add(stream);
    }
    for (const [name, id, version] of this.found.all()) {
      Object.assign(this.state(name as string), { id, version });
    }
  }

  version(stream: string): number {
    return this.state(stream).version;
  }

  /** Appends without asking for a version. Returns the new one. */
  append(stream: string, events: readonly EventRow[]): number {
    const state = this.state(stream);
    if (events.length === 0) return state.version;
    if (state.version === 0) {
      state.id = ++this.lastStream;
      this.streamRows.add(state.id, stream);
    }
    const { id } = state;
    for (const { type, at, data, metadata } of events) {
      const position = ++this.lastPosition;
      this.eventRows.add(position, id, ++state.version, type, at, payloadToCell(data), payloadToCell(metadata));
    }
    return state.version;
  }

  delete(stream: string): void {
    const state = this.state(stream);
    if (state.version === 0) return;
    // What waits to be written may belong to this stream.
    this.flush();
    this.deleteEvents.run([state.id]);
    this.deleteStream.run([state.id]);
    state.version = 0;
  }

  flush(): void {
    this.streamRows.run();
    this.eventRows.run();
  }

  /** Forgets everything that was not written, and all that is known: the file says what is true. */
  reset(): void {
    this.streamRows.discard();
    this.eventRows.discard();
    this.found.discard();
    this.states.clear();
  }

  trim(): void {
    this.states.trim();
  }

  private state(stream: string): StreamState {
    return this.states.get(stream) as StreamState;
  }
}
