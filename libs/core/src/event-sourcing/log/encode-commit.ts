import type { CommitBatch, ExpectedVersion, StreamAppend } from '../../store/index.js';
import { sharedMetadata, type EventRegistry } from '../events/index.js';
import type { EventNotes, LogAppend, LogCommit } from './event-log.types.js';
import { ReservedStreamError } from './log.errors.js';
import { JOURNALS } from './selection.js';

/** What the store is given for the events of an append that has nothing else in its commit, and that nobody else sees. */
export function encodeAppend(
  registry: EventRegistry,
  stream: string,
  events: readonly object[],
  expectedVersion: ExpectedVersion | undefined,
  notes: EventNotes,
): StreamAppend {
  assertNotReserved(stream);
  const { metadata, context, tags } = notes;
  const shared = sharedMetadata(metadata, context);
  // Most appends have one event: no closure and no growing array for it.
  const encoded =
    events.length === 1
      ? [registry.encodeUnseen(events[0] as object, shared, tags)]
      : events.map((event) => registry.encodeUnseen(event, shared, tags));
  return { stream, expectedVersion: expectedVersion ?? 'any', events: encoded };
}

/** What the store is given for all the appends of a commit. */
export function encodeAppends(registry: EventRegistry, appends: readonly LogAppend[]): readonly StreamAppend[] {
  return appends.map(({ stream, events, expectedVersion = 'any', metadata, context, tags }) => {
    assertNotReserved(stream);
    const shared = sharedMetadata(metadata, context);
    return { stream, expectedVersion, events: events.map((event) => registry.encode(event, shared, tags)) };
  });
}

function assertNotReserved(stream: string): void {
  if (stream.startsWith(JOURNALS)) throw new ReservedStreamError(stream);
}

/** The batch for the store, with what was encoded of its appends. */
export function batchOf(commit: LogCommit, appends: readonly StreamAppend[]): CommitBatch {
  const { id, conditions, records, streams } = commit;
  // The frequent case makes one small object.
  if (id === undefined && conditions === undefined && records === undefined && streams === undefined) {
    return { appends };
  }
  return {
    ...(id === undefined ? undefined : { id }),
    ...(conditions === undefined ? undefined : { conditions }),
    ...(appends.length === 0 ? undefined : { appends }),
    ...(records === undefined ? undefined : { records }),
    ...(streams === undefined ? undefined : { streams }),
  };
}
