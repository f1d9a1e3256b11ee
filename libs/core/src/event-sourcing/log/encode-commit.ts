import type { CommitBatch, NewEvent, StreamAppend } from '../../store/index.js';
import { sharedMetadata, type EventRegistry } from '../events/index.js';
import type { LogAppend, LogCommit } from './event-log.types.js';
import { ReservedStreamError } from './log.errors.js';
import { JOURNALS } from './selection.js';

/** What the store is given for events to append. */
export function encodeAppend(registry: EventRegistry, append: LogAppend): StreamAppend {
  const { stream, events, expectedVersion = 'any' } = append;
  if (stream.startsWith(JOURNALS)) throw new ReservedStreamError(stream);
  return { stream, expectedVersion, events: encodeEvents(registry, append, events) };
}

function encodeEvents(registry: EventRegistry, append: LogAppend, events: readonly object[]): readonly NewEvent[] {
  const { metadata, context, tags } = append;
  const shared = sharedMetadata(metadata, context);
  // Most appends have one event: no closure and no growing array for it.
  if (events.length === 1) return [registry.encode(events[0] as object, shared, tags)];
  return events.map((event) => registry.encode(event, shared, tags));
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
