import { queryFilters, type AppendCondition, type CommitBatch, type EventFilter, type StreamChange } from '@catga/core';
import { assertName, isName } from './names.js';
import {
  STATES,
  type BatchExtras,
  type ConditionRow,
  type FilterRow,
  type StreamChangeRow,
} from './worker/batch-extras.js';
import { EXPECT } from './worker/protocol.js';

/**
 * What a commit has that most have not; undefined when it has nothing of it.
 *
 * @throws {InvalidNameError}
 */
export function extrasOf(batch: CommitBatch): BatchExtras | undefined {
  const { id, conditions, streams } = batch;
  const tagged = batch.appends?.some(({ events }) => events.some(({ tags }) => tags !== undefined)) === true;
  if (!tagged && id === undefined && conditions === undefined && streams === undefined) return undefined;
  if (id !== undefined) assertName('commit', id);
  return {
    ...(id !== undefined && { id }),
    ...(conditions && { conditions: conditions.map(toCondition) }),
    ...(streams && { streams: streams.map(toChange) }),
    ...(tagged && { tags: tagsOf(batch) }),
  };
}

/** The worker's form of a filter. No name in the file is one that SQLite would change, so none of those matches. */
export function toFilter({ types, categories, tags = [] }: EventFilter): FilterRow {
  const possible = tags.every(isName);
  return {
    types: possible ? (types?.filter(isName) ?? null) : [],
    categories: categories?.filter(isName) ?? null,
    tags: possible ? [...new Set(tags)] : [],
  };
}

function toCondition({ query, after }: AppendCondition): ConditionRow {
  return { filters: queryFilters(query).map(toFilter), after };
}

function toChange({ stream, expectedVersion = 'any', truncateBefore = 0, state }: StreamChange): StreamChangeRow {
  assertName('stream', stream);
  return {
    stream,
    expected: typeof expectedVersion === 'number' ? expectedVersion : EXPECT[expectedVersion],
    truncateBefore,
    state: state === undefined ? -1 : STATES.indexOf(state),
  };
}

function tagsOf({ appends = [] }: CommitBatch): [number, number, string[]][] {
  const found: [number, number, string[]][] = [];
  for (const [append, { events }] of appends.entries()) {
    for (const [event, { tags = [] }] of events.entries()) {
      for (const tag of tags) assertName('tag', tag);
      if (tags.length > 0) found.push([append, event, [...new Set(tags)]]);
    }
  }
  return found;
}
