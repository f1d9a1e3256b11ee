import type { CommitBatch } from '../store.js';
import type { ImageRow } from './image-row.js';
import { MemoryRecord, type CollectionEntry } from './memory-record.js';
import type { MemoryRecords } from './memory-records.js';
import type { FrozenStream, MemoryStream } from './memory-stream.js';
import type { MemoryStreams } from './memory-streams.js';
import type { PayloadPolicy } from './payload-policy.js';

/** Events in one row: a long stream is many rows. */
const EVENTS_A_ROW = 200;

/**
 * Everything that streams and records hold at the moment when this is made, row by row, while commits go on. What there
 * is, is listed at once; how it was is written down when a commit is about to change it, or when its turn comes.
 */
export class MemoryImage {
  private readonly head: ImageRow;
  private readonly streamList: readonly MemoryStream[];
  private readonly recordList: readonly (readonly [collection: string, records: readonly CollectionEntry[]])[];
  /** As they were, of those that were changed since. */
  private readonly streamsBefore = new Map<MemoryStream, FrozenStream>();
  private readonly recordsBefore = new Map<CollectionEntry, ImageRow>();

  constructor(
    private readonly streams: MemoryStreams,
    private readonly records: MemoryRecords,
  ) {
    this.head = { kind: 'store', position: streams.log.last, recordsCreated: records.created };
    // Whose events share an array with others' is no part of an image: the array is used again.
    this.streamList = Array.from(streams.all()).filter((stream) => !stream.derivesRecord);
    this.recordList = Array.from(records.all(), ([name, kept]) => [name, [...kept.all()]] as const);
  }

  /** Must be called before a commit changes anything. */
  before({ appends = none, records = none, deleteStreams = none, streams = none }: CommitBatch): void {
    for (const { stream } of appends) this.keepStream(stream);
    for (const stream of deleteStreams) this.keepStream(stream);
    for (const { stream } of streams) this.keepStream(stream);
    for (const { collection, key } of records) {
      const record = this.records.get(collection)?.entry(key);
      // A removed one keeps what it held; one that has gone and come back is another one.
      if (!(record instanceof MemoryRecord) || this.recordsBefore.has(record)) continue;
      this.recordsBefore.set(record, recordRow(collection, record));
    }
  }

  *rows(): Generator<ImageRow, undefined> {
    yield this.head;
    for (const stream of this.streamList) yield* streamRows(this.streamsBefore.get(stream) ?? stream.freeze());
    for (const [collection, records] of this.recordList) {
      for (const record of records) {
        if (!(record instanceof MemoryRecord)) continue; // follows from its stream
        yield this.recordsBefore.get(record) ?? recordRow(collection, record);
      }
    }
    return undefined;
  }

  private keepStream(name: string): void {
    const stream = this.streams.find(name);
    if (stream !== undefined && !this.streamsBefore.has(stream)) this.streamsBefore.set(stream, stream.freeze());
  }
}

const none: readonly never[] = [];

function* streamRows(frozen: FrozenStream): Generator<ImageRow, undefined> {
  const { name, version: last, life } = frozen;
  yield { kind: 'stream', stream: name, gone: life.gone, state: life.state };
  for (let from = life.gone + 1; from <= last; from += EVENTS_A_ROW) {
    const count = Math.min(EVENTS_A_ROW, last - from + 1);
    yield { kind: 'events', events: Array.from({ length: count }, (_, index) => frozen.imageOf(from + index)) };
  }
  return undefined;
}

function recordRow(collection: string, record: MemoryRecord): ImageRow {
  const { key, sequence, recordVersion: version, createdAt, updatedAt, value, tags, dueAt, expiresAt } = record;
  return {
    kind: 'record',
    ...{ collection, key, sequence, version, createdAt, updatedAt, value },
    ...(tags.length > 0 && { tags }),
    ...(dueAt !== undefined && { dueAt }),
    ...(expiresAt !== undefined && { expiresAt }),
  };
}

/** Puts the rows of an image, in their order, into a store that was empty before. */
export class ImageLoader {
  private stream = '';

  constructor(
    private readonly streams: MemoryStreams,
    private readonly records: MemoryRecords,
    private readonly payloads: PayloadPolicy,
  ) {}

  add(row: ImageRow): void {
    switch (row.kind) {
      case 'store':
        this.streams.log.last = row.position;
        this.records.created = row.recordsCreated;
        return;
      case 'stream':
        this.stream = row.stream;
        this.streams.restore(row.stream, row.gone, row.state);
        return;
      case 'events':
        this.streams.restoreEvents(this.stream, row.events);
        return;
      case 'record': {
        const { collection, key, sequence, createdAt } = row;
        const record = new MemoryRecord(collection, key, sequence, row, createdAt, this.payloads);
        record.recordVersion = row.version;
        record.updatedAt = row.updatedAt;
        this.records.collection(collection).restore(record);
      }
    }
  }
}
