import type { ImageRow } from './image-row.js';
import { MemoryRecord } from './memory-record.js';
import type { MemoryRecords } from './memory-records.js';
import type { MemoryStreams } from './memory-streams.js';
import type { PayloadPolicy } from './payload-policy.js';

/** Events in one row: a long stream is many rows. */
const EVENTS_A_ROW = 200;

/** Everything that streams and records hold, row by row. Nothing may be committed until the last row was taken. */
export function* dumpImage(streams: MemoryStreams, records: MemoryRecords): Generator<ImageRow, undefined> {
  yield { kind: 'store', position: streams.log.last, recordsCreated: records.created };
  for (const stream of streams.all()) {
    const { name, version: last, life } = stream;
    yield { kind: 'stream', stream: name, gone: life.gone, state: life.state };
    for (let from = life.gone + 1; from <= last; from += EVENTS_A_ROW) {
      const count = Math.min(EVENTS_A_ROW, last - from + 1);
      yield { kind: 'events', events: Array.from({ length: count }, (_, index) => stream.imageOf(from + index)) };
    }
  }
  for (const [collection, kept] of records.all()) {
    for (const record of kept.all()) {
      if (!(record instanceof MemoryRecord)) continue; // follows from its stream
      const { key, sequence, recordVersion: version, createdAt, updatedAt, value, tags, dueAt, expiresAt } = record;
      yield {
        kind: 'record',
        ...{ collection, key, sequence, version, createdAt, updatedAt, value },
        ...(tags.length > 0 && { tags }),
        ...(dueAt !== undefined && { dueAt }),
        ...(expiresAt !== undefined && { expiresAt }),
      };
    }
  }
  return undefined;
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
