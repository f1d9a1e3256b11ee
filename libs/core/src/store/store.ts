import type { MaybePromise } from '../foundation/index.js';
import type { EventQuery } from './event-query.js';
import type { ExpectedVersion } from './expected-version.js';
import type { StreamChange, StreamInfo } from './stream-state.js';

/**
 * What an event or a record carries. A store with `payload: 'reference'` keeps any value as it is; one with
 * `payload: 'encoded'` takes only text or bytes (see `Codec`) and refuses anything else.
 */
export type Payload = unknown;

/** What a store promises; printed at boot and checked by whoever needs more. */
export interface StoreCapabilities {
  /** Short name for logs: `memory`, `sqlite`, … */
  readonly name: string;
  /** An acknowledged commit survives `kill -9`. */
  readonly durable: boolean;
  /** Several OS processes may work on the same data at once: leases are needed. */
  readonly shared: boolean;
  /** What one commit may span atomically: several streams and records, or one stream. */
  readonly atomic: 'batch' | 'stream';
  /** What it keeps: the caller's own objects, or text and bytes. */
  readonly payload: 'reference' | 'encoded';
  /** Whether a commit may have {@link CommitBatch.conditions}. */
  readonly conditions: boolean;
}

/** Something that puts data at risk although the store works: a setting of its server, for instance. */
export interface StoreWarning {
  /** Stable name, e.g. `redis-eviction`. */
  readonly code: string;
  /** What is wrong, what may happen, and what to set. */
  readonly message: string;
}

/** An event about to be appended. */
export interface NewEvent {
  readonly type: string;
  readonly data: Payload;
  readonly metadata?: Payload;
  /** When it happened, milliseconds since 1970. Default: the store's clock at the commit. */
  readonly at?: number;
  /** What it is about, to be found by {@link EventFilter.tags}: `customer:7`. Kept as plain text, never encoded. */
  readonly tags?: readonly string[];
}

/** An event as read back. */
export interface StoredEvent {
  readonly stream: string;
  /** Place in its stream; the first event has version 1. */
  readonly version: number;
  /** Place in the whole store; grows in commit order, without a gap that could be filled later. */
  readonly position: number;
  readonly type: string;
  readonly data: Payload;
  readonly metadata?: Payload;
  readonly at: number;
  /** Each tag once, in the order in which they were given; left out when there is none. */
  readonly tags?: readonly string[];
}

/** Events for one stream. Without events it only checks the expectation. */
export interface StreamAppend {
  readonly stream: string;
  readonly expectedVersion: ExpectedVersion;
  readonly events: readonly NewEvent[];
}

/** One keyed value to write or delete. A write replaces all of the record: due time, tags and expiry are not carried over. */
export interface RecordWrite {
  readonly collection: string;
  readonly key: string;
  /** The new value; left out or undefined, the record is deleted. */
  readonly value?: Payload;
  /** Write only if the record has this version; 0 means it must not exist. Left out: write in any case. */
  readonly ifVersion?: number;
  /** Makes the record findable by {@link RecordQuery.dueBefore}. Milliseconds since 1970. */
  readonly dueAt?: number;
  /** Makes the record findable by {@link RecordQuery.tags}. Replaces the former tags. */
  readonly tags?: readonly string[];
  /** From this time of the store's clock the record is gone for every read. Milliseconds since 1970. */
  readonly expiresAt?: number;
}

/** A record as read back. */
export interface StoredRecord {
  readonly collection: string;
  readonly key: string;
  readonly value: Payload;
  /** 1 when created, one more with each write. */
  readonly version: number;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly dueAt?: number;
  readonly tags: readonly string[];
  readonly expiresAt?: number;
}

/**
 * Nobody must have appended an event that would have changed the decision: a dynamic consistency boundary, not tied to
 * one stream. It fails when an event that matches comes after the position, also one of a closed stream.
 */
export interface AppendCondition {
  /** The events that the decision was made from. */
  readonly query: EventQuery;
  /** The position up to which they were read: {@link LogPage.position}. 0: no such event may exist. */
  readonly after: number;
}

/**
 * All of it happens, or none. In this order: the conditions are checked, streams are deleted, streams are changed, then
 * the appends, then the record writes, each seeing what the ones before it did. Deleting what is not there does nothing.
 */
export interface CommitBatch {
  /**
   * Makes the commit safe to repeat: when a batch with this id was committed before, nothing is checked or changed, and
   * the first answer is given again. A durable store remembers an id for at least a day, one in memory at least the
   * last 50,000.
   */
  readonly id?: string;
  /** Needs a store with {@link StoreCapabilities.conditions}. */
  readonly conditions?: readonly AppendCondition[];
  readonly appends?: readonly StreamAppend[];
  readonly records?: readonly RecordWrite[];
  /** Streams to remove with all their events, whatever their state: nothing is left of them, not even the version. */
  readonly deleteStreams?: readonly string[];
  readonly streams?: readonly StreamChange[];
}

/** What a commit did. */
export interface CommitResult {
  /** Position of the last event of the store after this commit. */
  readonly position: number;
  /** Version of each stream of `appends` after this commit, in the same order. */
  readonly versions: readonly number[];
  /** Version of each record of `records` after this commit, in the same order; 0 for a deleted one. */
  readonly recordVersions: readonly number[];
  /** True when this is the answer to an earlier commit with the same {@link CommitBatch.id}. */
  readonly repeated?: true;
}

/** Options of {@link Store.readStream}. */
export interface ReadStreamOptions {
  /** First version to read. Default 1, or the last one when reading backward. */
  readonly from?: number;
  /** Last version to read: the highest, or the lowest when reading backward. Default: to the end. */
  readonly to?: number;
  /** Only events that happened at this time or later. Milliseconds since 1970. */
  readonly since?: number;
  /** Only events that happened at this time or earlier. Milliseconds since 1970. */
  readonly until?: number;
  /** Most events to return. Default: all. */
  readonly limit?: number;
  /** Default `forward`. */
  readonly direction?: 'forward' | 'backward';
}

/** Options of {@link Store.readAll}. */
export interface ReadAllOptions {
  /** Read what comes after this position. Default 0, from the beginning. */
  readonly after?: number;
  /** Read what comes before this position, and, backward, start there. Default: to the end of the log. */
  readonly before?: number;
  /** Most events to return. Default 1,000. */
  readonly limit?: number;
  /** Only events that match. Default: all. */
  readonly query?: EventQuery;
  /** Default `forward`. */
  readonly direction?: 'forward' | 'backward';
  /** Also events of archived and deleted streams. Default false. */
  readonly closed?: boolean;
}

/** A part of the log. */
export interface LogPage {
  readonly events: readonly StoredEvent[];
  /**
   * How far the log was read: everything that was asked for up to and including this position is in the page. It is the
   * position of the last event when the page is full; otherwise the last position of the log at that time, or the one
   * below `before`. So whoever reads on from here gets ahead also when nothing matches. In a log that is behind `after`
   * it is less than that.
   *
   * Backward: down to and including this position; give it as `before` to go on.
   */
  readonly position: number;
}

/** Which records to find; all given conditions must hold. */
export interface RecordQuery {
  readonly collection: string;
  /** Every one of these tags must be there. */
  readonly tags?: readonly string[];
  /** Only records with a due time at or before this one. */
  readonly dueBefore?: number;
  /** Only records created at or after this time. */
  readonly createdFrom?: number;
  /** Only records created before this time. */
  readonly createdBefore?: number;
  /** Default `oldest`: in the order of creation. `due`: earliest due time first, records without one are left out. */
  readonly order?: 'oldest' | 'newest' | 'due';
  /** Most records to return. Default 100. */
  readonly limit?: number;
  /** {@link RecordPage.cursor} of the page before. */
  readonly cursor?: string;
}

/** A page of records. */
export interface RecordPage {
  readonly records: readonly StoredRecord[];
  /** Give it to the next call to go on; left out on the last page. */
  readonly cursor?: string;
}

/** Told to listeners after commits; one notice may stand for several. */
export interface CommitNotice {
  /** Streams that got events, and `collection` names that got writes; undefined: unknown, anything may have changed. */
  readonly streams?: readonly string[];
  readonly collections?: readonly string[];
}

/** What an event is apart from its time and its data. One object may serve many events and must never change. */
export interface EventShape {
  readonly type: string;
  readonly metadata?: Payload;
  readonly tags?: readonly string[];
}

/**
 * A stream that its one writer appends to without waiting. Only stores whose append cannot fail or wait offer it; so
 * its writer is not refused when somebody archives the stream.
 */
export interface DirectStream {
  /** Count of events so far. */
  readonly version: number;
  /** Its record follows from it: see {@link DerivedRecord}. False from the first time that record is written. */
  readonly derivesRecord: boolean;
  /** Appends one event. */
  push(event: NewEvent): void;
  /** Appends one event of which no object is made. `at` is in milliseconds since 1970. */
  add(shape: EventShape, at: number, data: Payload): void;
  /**
   * The same for data that is a list: its items are kept, not the list. A reader gets a list of the same items. Not for
   * the first event.
   */
  addList(shape: EventShape, at: number, items: readonly Payload[]): void;
  /** The same for a list of one item, of which no list is made. */
  addOne(shape: EventShape, at: number, item: Payload): void;
  /**
   * Removes the stream, and its record while that follows from it. To be called by its writer, and the last thing that it
   * does with this object: the store may make another stream of it.
   */
  remove(): void;
}

/**
 * A record that follows from a stream and is worked out when somebody reads it, so that nothing is written for it.
 * Whoever writes it makes it a record like any other, which then no longer follows.
 */
export interface DerivedRecord {
  readonly collection: string;
  /** The key of the record is this, followed by what its writer calls it: kept once, not with each of them. */
  readonly keyPrefix: string;
  /** The name of the stream is this, followed by the key of the record. */
  readonly streamPrefix: string;
  /** What the first events of streams have in common that begin alike: kept in place of each of them. */
  common?(first: EventShape): EventShape;
  /** What is kept of a first event beside {@link common}. */
  own?(first: EventShape): unknown;
  /** The first event of a stream, from what was kept of it. `ownKey` is the key behind {@link keyPrefix}. */
  first?(common: EventShape, own: unknown, ownKey: string): EventShape;
  value(first: EventShape, firstAt: number, last: EventShape, lastAt: number): Payload;
  tags(first: EventShape, last: EventShape): readonly string[];
  /** Grows when the value or the tags change; 1 when the stream has its first event. */
  version(last: EventShape): number;
}

/**
 * The payloads of a stream as it was when it was read, in its order and without a gap: see {@link Store.readPayloads}. They
 * are where the store keeps them; nothing is copied.
 */
export interface StreamPayloads {
  /** How many there are. */
  readonly length: number;
  /** One of them, by its place, from 0. */
  at(index: number): Payload;
  /** Where they lie, for loops over them that are shorter than a call for each: every {@link step}th from {@link start} on. */
  readonly cells: readonly unknown[];
  /** Place of the first one in {@link cells}. */
  readonly start: number;
  /** Distance of two neighbours in {@link cells}. */
  readonly step: number;
  /** Version of the first one. */
  readonly version: number;
  /** Position of the first one. */
  readonly position: number;
  /** When one of them happened, by its place. Milliseconds since 1970. */
  timeOf(index: number): number;
}

/**
 * The one port to everything kept: an event log and keyed records, written together in one atomic commit.
 * Processes, projections, outbox, leases and timers are all written on it once. A provider implements it and passes
 * the conformance suite of `@catga/testing`.
 *
 * Errors: {@link VersionConflictError}, {@link RecordConflictError}, {@link AppendConditionError} when a condition of
 * the batch does not hold; {@link StreamClosedError} when it appends to a closed stream; {@link StoreUnavailableError} when the store is away (nothing is lost, try again later).
 */
export abstract class Store {
  abstract readonly capabilities: StoreCapabilities;

  /**
   * Commits the batch. A store in memory may answer at once, and then throws at once; a durable one answers when the
   * data is safe. A batch that fails has changed nothing; only after a {@link StoreUnavailableError} that says so its
   * fate is unknown.
   */
  abstract commit(batch: CommitBatch): MaybePromise<CommitResult>;

  /** Events of one stream; none when there is no such stream, or when it is `deleted`. */
  abstract readStream(stream: string, options?: ReadStreamOptions): Promise<readonly StoredEvent[]>;

  /** Undefined when no event was ever appended to it. */
  abstract getStream(stream: string): Promise<StreamInfo | undefined>;

  /** Events of all streams in the order of their commit. */
  abstract readAll(options?: ReadAllOptions): Promise<LogPage>;

  abstract getRecord(collection: string, key: string): Promise<StoredRecord | undefined>;

  abstract findRecords(query: RecordQuery): Promise<RecordPage>;

  /**
   * Calls the listener soon after every commit that wrote something, of this or another OS process. A listener that
   * throws is reported as a warning of the process. Returns the way to stop it.
   */
  abstract onCommit(listener: (notice: CommitNotice) => void): () => void;

  /** The clock that decides what is due. Milliseconds since 1970. */
  abstract now(): Promise<number>;

  /** Throws {@link StoreUnavailableError} when a commit would fail now. For health checks. */
  abstract ping(): Promise<void>;

  /** What was found at opening that puts data at risk. Logged at boot and shown in health. Left out: nothing is looked for. */
  warnings?(): readonly StoreWarning[];

  /**
   * The payloads of a stream from this version on, and nothing made beside them: what folding a long history costs is
   * then the fold. Undefined when there are none. Only stores that keep references offer it.
   */
  readPayloads?(stream: string, from: number): StreamPayloads | undefined;

  /** See {@link DirectStream}. @throws {VersionConflictError} when the stream exists */
  openDirect?(stream: string): DirectStream;

  /**
   * Opens a direct stream with a record that follows from it.
   *
   * @param ownKey key of the record, without the prefix
   * @param room events for which room is made at once; more are welcome
   * @throws {VersionConflictError} {@link RecordConflictError} when one of them exists
   */
  openDerived?(ownKey: string, record: DerivedRecord, room: number): DirectStream;

  /** Opens connections and migrates the schema. Called once by Nest before anything uses the store; also after `close`. */
  abstract open(): Promise<void>;

  /** Waits for commits under way, then closes. */
  abstract close(): Promise<void>;
}
