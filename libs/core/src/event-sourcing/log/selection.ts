import type { EventFilter, EventQuery, StoredEvent } from '../../store/index.js';
import { queryFilters } from '../../store/index.js';
import type { EventRegistry, UnknownEventPolicy } from '../events/index.js';
import type { EventSelection } from './event-log.types.js';

/** Streams of the process engine: they stand in the same log, and are none of an application's events. */
export const JOURNALS = 'process-';

/** The query of the store that a selection means; undefined for everything. */
export function queryOf(registry: EventRegistry, { events, query }: EventSelection): EventQuery | undefined {
  if (events === undefined) return query;
  const types = registry.storedNames(events);
  if (query === undefined) return { types };
  return queryFilters(query).map((filter) => ({ ...filter, types: both(types, filter) }));
}

function both(types: readonly string[], filter: EventFilter): readonly string[] {
  return filter.types === undefined ? types : types.filter((type) => filter.types?.includes(type));
}

/** Whether a reader is given the event at all. */
export function isGiven(stored: StoredEvent, unknown: UnknownEventPolicy): boolean {
  return unknown === 'raw' || !stored.stream.startsWith(JOURNALS);
}
