import { queryFilters, type CommitBatch, type EventFilter, type EventQuery, type ExpectedVersion } from '@catga/core';
import type { RedisArgument } from '../connection/index.js';
import { checkedName, tagList } from './names.js';
import { toValue } from './payload.js';

const STATES = ['open', 'archived', 'deleted'];

/**
 * A commit as arguments of the script; nothing of the caller's is kept by reference. Lists begin with their count.
 *
 * @throws {InvalidNameError}
 */
export function commitArguments(batch: CommitBatch): RedisArgument[] {
  const { id = '', conditions = [], deleteStreams = [], streams = [], appends = [], records = [] } = batch;
  const out: RedisArgument[] = [id === '' ? '' : checkedName('commit', id), conditions.length];
  for (const { query, after } of conditions) out.push(queryArgument(query), Math.max(0, after));
  out.push(deleteStreams.length);
  for (const stream of deleteStreams) out.push(checkedName('stream', stream));
  out.push(streams.length);
  for (const { stream, expectedVersion = 'any', truncateBefore = 0, state } of streams) {
    const number = state === undefined ? -1 : STATES.indexOf(state);
    out.push(checkedName('stream', stream), expectation(expectedVersion), truncateBefore, number);
  }
  out.push(appends.length);
  for (const append of appends) pushAppend(out, append);
  out.push(records.length);
  for (const write of records) pushRecord(out, write);
  return out;
}

/** The state of a stream by its number. */
export function stateOf(number: number): 'open' | 'archived' | 'deleted' {
  return STATES[number] as 'open' | 'archived' | 'deleted';
}

/** Filters as JSON. An empty list of tags is none, as every event has all of them. */
export function queryArgument(query: EventQuery): string {
  const filters = queryFilters(query).map(({ types, categories, tags }) => {
    const filter: EventFilter = {
      ...(types !== undefined && { types }),
      ...(categories !== undefined && { categories }),
      ...(tags !== undefined && tags.length > 0 && { tags }),
    };
    return filter;
  });
  return JSON.stringify(filters);
}

/** About how many bytes the arguments take. */
export function sizeOf(out: readonly RedisArgument[]): number {
  let size = 0;
  for (const each of out) size += typeof each === 'number' ? 8 : each.length;
  return size;
}

function pushAppend(
  out: RedisArgument[],
  { stream, expectedVersion, events }: NonNullable<CommitBatch['appends']>[number],
): void {
  out.push(checkedName('stream', stream), expectation(expectedVersion), events.length);
  for (const { type, at, data, metadata, tags } of events) {
    out.push(checkedName('type of event', type), at ?? '', toValue(data));
    out.push(metadata === undefined ? '' : toValue(metadata), tagList(tags));
  }
}

function pushRecord(out: RedisArgument[], write: NonNullable<CommitBatch['records']>[number]): void {
  const { collection, key, ifVersion, value, dueAt, expiresAt, tags } = write;
  out.push(checkedName('collection', collection), checkedName('record', key), ifVersion ?? '');
  out.push(value === undefined ? '' : toValue(value), dueAt ?? '', expiresAt ?? '', tagList(tags));
}

function expectation(expected: ExpectedVersion): string {
  if (expected === 'any') return 'any';
  if (expected === 'no-stream') return '0';
  return expected === 'stream-exists' ? 'exists' : String(expected);
}
