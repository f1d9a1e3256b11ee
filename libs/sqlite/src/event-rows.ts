import {
  queryFilters,
  type LogPage,
  type ReadAllOptions,
  type ReadStreamOptions,
  type StoredEvent,
  type StreamInfo,
} from '@catga/core';
import { toFilter } from './commit-extras.js';
import { STATES } from './worker/batch-extras.js';
import type { Cell } from './worker/driver.js';
import { ALL_CELLS, STREAM_CELLS, type Query } from './worker/protocol.js';

type Cells = readonly Cell[];

/** The worker's form of a read of one stream. */
export function toReadStream(stream: string, options: ReadStreamOptions): Query {
  const { from = null, to = null, since = null, until = null, limit = -1, direction } = options;
  return { kind: 'stream', stream, from, to, since, until, limit: finite(limit), backward: direction === 'backward' };
}

/** The worker's form of a read of the log. */
export function toReadAll(options: ReadAllOptions): Query {
  const { after = 0, before = null, limit = 1_000, direction, closed = false, query } = options;
  return {
    kind: 'all',
    after,
    before,
    limit: finite(limit),
    backward: direction === 'backward',
    closed,
    filters: query === undefined ? null : queryFilters(query).map(toFilter),
  };
}

/** Events of the answer to a query `stream`. */
export function toEvents(cells: Cells, stream: string): StoredEvent[] {
  const events: StoredEvent[] = [];
  for (let at = 0; at < cells.length; at += STREAM_CELLS) events.push(toEvent(cells, at, stream));
  return events;
}

/** The page of the answer to a query `all`: the last position of the log, then the events. */
export function toLogPage(options: ReadAllOptions, cells: Cells): LogPage {
  const { after = 0, limit = 1_000, direction } = options;
  const events: StoredEvent[] = [];
  for (let at = 1; at < cells.length; at += ALL_CELLS) {
    events.push(toEvent(cells, at, cells[at + STREAM_CELLS] as string));
  }
  const head = cells[0] as number;
  const { before = head + 1 } = options;
  const backward = direction === 'backward';
  if (events.length >= limit) return { events, position: events.at(-1)?.position ?? (backward ? before : after) };
  // Read after the head was: what was appended in between is in the page too.
  const end = backward ? after + 1 : Math.max(Math.min(head, before - 1), events.at(-1)?.position ?? 0);
  return { events, position: end };
}

/** The answer to a query `info`. */
export function toStreamInfo(stream: string, cells: Cells): StreamInfo | undefined {
  if (cells.length === 0) return undefined;
  const [state, firstVersion, last] = cells as readonly [number, number, number | null];
  return {
    stream,
    version: Math.max(last ?? 0, firstVersion - 1),
    firstVersion,
    state: STATES[state] as StreamInfo['state'],
  };
}

function toEvent(cells: Cells, at: number, stream: string): StoredEvent {
  const metadata = cells[at + 5];
  const tags = cells[at + 6];
  const base = {
    stream,
    version: cells[at] as number,
    position: cells[at + 1] as number,
    type: cells[at + 2] as string,
    data: cells[at + 4],
    at: cells[at + 3] as number,
  };
  const event = metadata === null ? base : { ...base, metadata };
  return typeof tags === 'string' ? { ...event, tags: JSON.parse(tags) as string[] } : event;
}

/** SQLite takes a negative limit for none. */
function finite(limit: number): number {
  return Number.isFinite(limit) ? limit : -1;
}
