import type { EventFilter, EventQuery } from '@catga/core';
import type { HistoryEvent, LogEvent } from '../history.js';
import type { Violation, ViolationKind } from '../violation.js';

/** The log as it was in the end: the truth that everything else is held against. */
export class FinalLog {
  readonly byId = new Map<string, LogEvent>();
  private readonly streams = new Map<string, LogEvent[]>();

  constructor(readonly events: readonly LogEvent[]) {
    for (const event of events) {
      if (!this.byId.has(event.id)) this.byId.set(event.id, event);
      const stream = this.streams.get(event.stream);
      if (stream === undefined) this.streams.set(event.stream, [event]);
      else stream.push(event);
    }
  }

  get head(): number {
    return this.events.at(-1)?.position ?? 0;
  }

  stream(name: string): readonly LogEvent[] {
    return this.streams.get(name) ?? [];
  }

  /** How many events the stream had when the log ended at this position. */
  versionAt(stream: string, position: number): number {
    return countUpTo(this.stream(stream), position);
  }

  /** Events behind `after`, up to and including `upTo`, that match; at most `limit` of them. */
  between(after: number, upTo: number, query?: EventQuery, limit = Number.POSITIVE_INFINITY): LogEvent[] {
    const found: LogEvent[] = [];
    for (let index = countUpTo(this.events, after); index < this.events.length && found.length < limit; index++) {
      const event = this.events[index] as LogEvent;
      if (event.position > upTo) break;
      if (query === undefined || matches(event, query)) found.push(event);
    }
    return found;
  }
}

/** How many of these events, in the order of their positions, are at or before this one. */
export function countUpTo(events: readonly { readonly position: number }[], position: number): number {
  let low = 0;
  for (let high = events.length; low < high;) {
    const middle = (low + high) >> 1;
    if ((events[middle] as HistoryEvent).position <= position) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Written again here and not taken from the store: the checker must not repeat a mistake of what it checks. */
function matches(event: LogEvent, query: EventQuery): boolean {
  const filters: readonly EventFilter[] = Array.isArray(query) ? (query as EventFilter[]) : [query as EventFilter];
  const category = event.stream.split('-')[0] as string;
  return filters.some(
    ({ types, categories, tags }) =>
      (types === undefined || types.includes(event.type)) &&
      (categories === undefined || categories.includes(category)) &&
      (tags === undefined || tags.every((tag) => event.tags?.includes(tag) === true)),
  );
}

/** What the log says by itself: places in order, each event once, none that nobody asked for. */
export function checkLog(log: FinalLog, appended: ReadonlySet<string>): Violation[] {
  const violations: Violation[] = [];
  const say = (kind: ViolationKind, message: string): number => violations.push({ kind, message });
  const versions = new Map<string, number>();
  let position = 0;
  for (const event of log.events) {
    if (event.position <= position) say('reordered', `${describeEvent(event)} comes after position ${position}`);
    position = event.position;
    const before = versions.get(event.stream) ?? 0;
    if (event.version > before + 1) say('lost', `${describeEvent(event)} comes right after version ${before}`);
    if (event.version <= before) say('doubled', `${describeEvent(event)} comes after version ${before}`);
    versions.set(event.stream, event.version);
    const first = log.byId.get(event.id);
    if (first !== event && first !== undefined)
      say('doubled', `${describeEvent(event)} is also at position ${first.position}`);
    if (!appended.has(event.id)) say('phantom', `${describeEvent(event)} was appended by nobody`);
  }
  return violations;
}

export function describeEvent({ id, stream, version, position }: HistoryEvent): string {
  return `event ${id} (${stream} version ${version}, position ${position})`;
}

/**
 * The first difference between what was seen and what should have been; undefined when there is none.
 *
 * @param seenBefore the position up to which everything had been seen before
 */
export function difference(
  seen: readonly HistoryEvent[],
  expected: readonly LogEvent[],
  log: FinalLog,
  seenBefore: number,
): { readonly kind: ViolationKind; readonly message: string } | undefined {
  for (let index = 0; index < Math.max(seen.length, expected.length); index++) {
    const got = seen[index];
    const due = expected[index];
    if (got === undefined) return { kind: 'lost', message: `${describeEvent(due as LogEvent)} is missing` };
    if (due !== undefined && samePlace(got, due)) continue;
    return explain(got, due, index, seen, log, seenBefore);
  }
  return undefined;
}

function explain(
  got: HistoryEvent,
  due: LogEvent | undefined,
  index: number,
  seen: readonly HistoryEvent[],
  log: FinalLog,
  seenBefore: number,
): { readonly kind: ViolationKind; readonly message: string } {
  const kept = log.byId.get(got.id);
  if (kept === undefined) return { kind: 'phantom', message: `${describeEvent(got)} was seen and is not in the log` };
  if (!samePlace(got, kept))
    return { kind: 'reordered', message: `${describeEvent(got)} was seen, in the log it is ${describeEvent(kept)}` };
  if (seen.slice(0, index).some(({ id }) => id === got.id))
    return { kind: 'doubled', message: `${describeEvent(got)} was seen twice` };
  if (got.position <= seenBefore)
    return { kind: 'doubled', message: `${describeEvent(got)} was seen again behind position ${seenBefore}` };
  if (due === undefined) return { kind: 'phantom', message: `${describeEvent(got)} was not asked for` };
  return seen.slice(index).some(({ id }) => id === due.id)
    ? { kind: 'reordered', message: `${describeEvent(got)} was seen before ${describeEvent(due)}` }
    : { kind: 'lost', message: `${describeEvent(due)} was left out before ${describeEvent(got)}` };
}

function samePlace(a: HistoryEvent, b: HistoryEvent): boolean {
  return a.id === b.id && a.position === b.position && a.version === b.version && a.stream === b.stream;
}
