import { versionHolds } from '../expected-version.js';
import { StreamClosedError, VersionConflictError } from '../store.errors.js';
import type { CommitBatch, StreamAppend } from '../store.js';
import type { StreamState } from '../stream-state.js';
import type { MemoryStream } from './memory-stream.js';

/** What a stream will be like when the batch has done what comes before. */
interface Expected {
  readonly version: number;
  readonly state: StreamState;
}

const ABSENT: Expected = { version: 0, state: 'open' };

/**
 * Checks one append to a stream, which most commits are.
 *
 * @throws {StreamClosedError} {@link VersionConflictError}
 */
export function checkAppend({ stream, expectedVersion, events }: StreamAppend, found: MemoryStream | undefined): void {
  const actual = found === undefined ? 0 : found.version;
  if (found !== undefined && events.length > 0) assertOpen(stream, found.life.state);
  if (expectedVersion !== actual && !versionHolds(expectedVersion, actual)) {
    throw new VersionConflictError(stream, expectedVersion, actual);
  }
}

/**
 * Checks everything that a batch does to streams, each step after the ones before it.
 *
 * @throws {StreamClosedError} {@link VersionConflictError}
 */
export function checkStreams(batch: CommitBatch, find: (stream: string) => MemoryStream | undefined): void {
  const { appends = none, streams = none, deleteStreams = none } = batch;
  const ahead = new Map<string, Expected>();
  const expected = (stream: string): Expected => {
    const found = find(stream);
    return ahead.get(stream) ?? (found === undefined ? ABSENT : { version: found.version, state: found.life.state });
  };
  for (const stream of deleteStreams) ahead.set(stream, ABSENT);
  for (const { stream, expectedVersion = 'any', state } of streams) {
    const { version, state: before } = expected(stream);
    if (!versionHolds(expectedVersion, version)) throw new VersionConflictError(stream, expectedVersion, version);
    if (version > 0) ahead.set(stream, { version, state: state ?? before });
  }
  for (const { stream, expectedVersion, events } of appends) {
    const { version, state } = expected(stream);
    if (events.length > 0) assertOpen(stream, state);
    if (!versionHolds(expectedVersion, version)) throw new VersionConflictError(stream, expectedVersion, version);
    ahead.set(stream, { version: version + events.length, state });
  }
}

function assertOpen(stream: string, state: StreamState): void {
  if (state !== 'open') throw new StreamClosedError(stream, state);
}

const none: readonly never[] = Object.freeze([]);
