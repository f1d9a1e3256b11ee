import type { FilterRow } from './batch-extras.js';
import type { Cell } from './driver.js';
import type { Fault } from './fault.js';

/**
 * What the main thread and the workers say to each other. Commits travel as one flat list of cells for many commits:
 * copying a flat list between threads costs a fraction of copying the objects it stands for.
 *
 * A commit is: -1 and its `BatchExtras` as JSON, if it has any; number of appends, records, deletions; then
 * - each append: stream, expected version (a number, or one of {@link EXPECT}), number of events; each event: type,
 *   time (-1: now), data, metadata or null;
 * - each record: collection, key, value (null: delete), if-version (-1: any), due time or null, expiry or null,
 *   number of tags, tags;
 * - each deletion: stream.
 */
export const EXPECT = { any: -1, 'no-stream': -2, 'stream-exists': -3 } as const;

/** Reads cells in the order they were written. */
export class CellReader {
  private at = 0;
  constructor(private readonly cells: readonly Cell[]) {}

  get done(): boolean {
    return this.at >= this.cells.length;
  }

  next(): Cell {
    return this.cells[this.at++] as Cell;
  }

  text(): string {
    return this.cells[this.at++] as string;
  }

  number(): number {
    return this.cells[this.at++] as number;
  }
}

/** First number of each commit's answer. */
export const OUTCOME = {
  /** Followed by position, versions of the appends, versions of the records. */
  done: 0,
  /** Followed by the index of the append and the actual version. */
  versionConflict: 1,
  /** Followed by the index of the record and the actual version. */
  recordConflict: 2,
  /** This commit only; followed by the index of its fault in {@link CommitsDone.faults}. */
  failed: 3,
  /** Followed by the index of the append and the state of its stream. */
  closed: 4,
  /** Followed by the index of the condition and the position of an event that it does not allow. */
  condition: 5,
  /** Followed by the index of the change of a stream and the actual version. */
  changeConflict: 6,
  /** Followed by position, number of versions, versions, number of record versions, record versions. */
  repeated: 7,
} as const;

/** How a worker is set up. */
export interface WorkerSettings {
  readonly role: 'writer' | 'reader';
  readonly path: string;
  readonly driver: 'node:sqlite' | 'libsql' | 'auto';
  readonly synchronous: 'full' | 'normal';
  /** Milliseconds to wait for another OS process's lock. */
  readonly lockTimeout: number;
  /** Bytes; 0: no limit. */
  readonly maxSize: number;
}

/** To the writer. Answered in the order they were sent. */
export type WriterRequest =
  | { readonly kind: 'commits'; readonly count: number; readonly cells: readonly Cell[] }
  | { readonly kind: 'open' }
  | { readonly kind: 'ping' }
  | { readonly kind: 'check' }
  | { readonly kind: 'close' };

/** The answer to `commits`. */
export interface CommitsDone {
  readonly kind: 'commits';
  readonly count: number;
  readonly outcomes: readonly number[];
  readonly faults: readonly Fault[];
  /** True when another OS process, or another store on the same file, has committed since the last answer. */
  readonly foreign: boolean;
}

/** From the writer. */
export type WriterReply =
  | CommitsDone
  | { readonly kind: 'open' | 'ping' | 'check' | 'close'; readonly fault?: Fault; readonly foreign?: boolean };

/** What to read. */
export type Query =
  | {
      readonly kind: 'stream';
      readonly stream: string;
      readonly from: number | null;
      readonly to: number | null;
      readonly since: number | null;
      readonly until: number | null;
      readonly limit: number;
      readonly backward: boolean;
    }
  | { readonly kind: 'info'; readonly stream: string }
  | {
      readonly kind: 'all';
      readonly after: number;
      readonly before: number | null;
      readonly limit: number;
      readonly backward: boolean;
      /** Also events of closed streams. */
      readonly closed: boolean;
      /** An event matches one of them at least; null: any event. */
      readonly filters: readonly FilterRow[] | null;
    }
  | { readonly kind: 'record'; readonly collection: string; readonly key: string }
  | {
      readonly kind: 'find';
      readonly collection: string;
      readonly tags: readonly string[];
      readonly dueBefore: number | null;
      readonly createdFrom: number | null;
      readonly createdBefore: number | null;
      readonly order: 'oldest' | 'newest' | 'due';
      readonly limit: number;
      readonly after: { readonly sequence: number; readonly dueAt: number } | null;
    };

/** To the reader, which gets all that were asked for in one turn of the main thread in one list. */
export interface ReadRequest {
  readonly id: number;
  readonly query: Query;
}

/**
 * From the reader, small ones together in one list: rows as one flat list, in pieces so that the main thread is not held
 * up by a big answer.
 */
export interface ReadReply {
  readonly id: number;
  readonly cells: readonly Cell[];
  /** More cells, as JSON. */
  readonly text?: string;
  readonly more: boolean;
  readonly fault?: Fault;
}

/** Cells a row of the answer to `stream`: version, position, type, time, data, metadata, tags (JSON or null). */
export const STREAM_CELLS = 7;
/** Cells a row of the answer to `all`: the same, and the stream. Before the rows: the last position of the log. */
export const ALL_CELLS = 8;
/**
 * Cells a row of the answers to `record` and `find`: number, key, version, value, tags, created, updated, due, expires.
 */
export const RECORD_CELLS = 9;
