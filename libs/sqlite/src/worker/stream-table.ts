import { BoundedMap } from './bounded-map.js';
import type { Cell, Connection } from './driver.js';
import { payloadToCell } from './payload-cell.js';
import { RowBuffer } from './row-buffer.js';

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
  private readonly streamRows: RowBuffer;
  private readonly eventRows: RowBuffer;
  private readonly find;
  private readonly deleteEvents;
  private readonly deleteStream;

  constructor(connection: Connection) {
    this.streamRows = new RowBuffer(connection, 'INSERT INTO streams (id, name)', 2);
    this.eventRows = new RowBuffer(
      connection,
      'INSERT INTO events (position, stream_id, version, type, at, data, metadata)',
      7,
    );
    this.find = connection.prepare(
      'SELECT id, (SELECT max(version) FROM events WHERE stream_id = streams.id) FROM streams WHERE name = ?',
    );
    this.deleteEvents = connection.prepare('DELETE FROM events WHERE stream_id = ?');
    this.deleteStream = connection.prepare('DELETE FROM streams WHERE id = ?');
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
    for (const { type, at, data, metadata } of events) {
      this.eventRows.add(
        ++this.lastPosition,
        state.id,
        ++state.version,
        type,
        at,
        payloadToCell(data),
        payloadToCell(metadata),
      );
    }
    return state.version;
  }

  delete(stream: string): void {
    const state = this.state(stream);
    if (state.version === 0) return;
    // What waits in the buffers may belong to this stream.
    this.flush();
    this.deleteEvents.run([state.id]);
    this.deleteStream.run([state.id]);
    state.version = 0;
  }

  flush(): void {
    this.streamRows.flush();
    this.eventRows.flush();
  }

  /** Forgets everything that was not written, and all that is known: the file says what is true. */
  reset(): void {
    this.streamRows.discard();
    this.eventRows.discard();
    this.states.clear();
  }

  trim(): void {
    this.states.trim();
  }

  private state(stream: string): StreamState {
    let state = this.states.get(stream);
    if (state === undefined) {
      const row = this.find.all([stream])[0];
      state = row === undefined ? { id: 0, version: 0 } : { id: Number(row[0]), version: Number(row[1]) };
      this.states.set(stream, state);
    }
    return state;
  }
}
