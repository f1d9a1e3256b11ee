import type { CommitBatch, NewEvent, RecordWrite, StreamAppend } from '@catga/core';
import { extrasOf } from './commit-extras.js';
import { assertName } from './names.js';
import type { Cell } from './worker/driver.js';
import { EXPECT } from './worker/protocol.js';

/**
 * Adds a commit to a list of cells, see worker/protocol.ts. Bytes are copied here and now: the caller may go on using
 * its buffer, and copying a view to another thread would copy all the memory behind it.
 *
 * @throws {InvalidNameError} having added nothing.
 */
export function writeCommit(cells: Cell[], batch: CommitBatch): void {
  const { appends = [], records = [], deleteStreams = [] } = batch;
  const before = cells.length;
  try {
    const extras = extrasOf(batch);
    if (extras !== undefined) cells.push(-1, JSON.stringify(extras));
    cells.push(appends.length, records.length, deleteStreams.length);
    for (const append of appends) writeAppend(cells, append);
    for (const record of records) writeRecord(cells, record);
    for (const stream of deleteStreams) {
      assertName('stream', stream);
      cells.push(stream);
    }
  } catch (error) {
    cells.length = before;
    throw error;
  }
}

function writeAppend(cells: Cell[], { stream, expectedVersion, events }: StreamAppend): void {
  assertName('stream', stream);
  const expected = typeof expectedVersion === 'number' ? expectedVersion : EXPECT[expectedVersion];
  cells.push(stream, expected, events.length);
  for (const event of events) writeEvent(cells, event);
}

function writeEvent(cells: Cell[], { type, data, metadata, at }: NewEvent): void {
  assertName('type', type);
  cells.push(type, at ?? -1, payload(data), metadata === undefined ? null : payload(metadata));
}

function writeRecord(cells: Cell[], record: RecordWrite): void {
  const { collection, key, value, ifVersion = -1, dueAt = null, expiresAt = null, tags = [] } = record;
  assertName('collection', collection);
  assertName('key', key);
  cells.push(collection, key, value === undefined ? null : payload(value), ifVersion, dueAt, expiresAt, tags.length);
  for (const tag of tags) {
    assertName('tag', tag);
    cells.push(tag);
  }
}

function payload(value: unknown): Cell {
  return typeof value === 'string' ? value : new Uint8Array(value as Uint8Array);
}
