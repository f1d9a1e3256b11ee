import type { QueriedEvent } from '../event-query.js';
import type { EventShape, StoredEvent } from '../store.js';
import type { StreamLife } from './stream-life.js';

/** What the log asks of a stream. */
export interface LoggedStream {
  readonly name: string;
  readonly version: number;
  /** Whose records change with it. */
  readonly collection: string | undefined;
  readonly life: StreamLife;
  positionOf(version: number): number;
  shapeOf(version: number): EventShape;
  at(version: number): StoredEvent;
}

/** An event by where it is: nothing is copied until somebody reads it. */
export class LogEntry implements QueriedEvent {
  constructor(
    readonly home: LoggedStream,
    readonly version: number,
    readonly position: number,
  ) {}

  get stream(): string {
    return this.home.name;
  }

  get type(): string {
    return this.home.shapeOf(this.version).type;
  }

  get tags(): readonly string[] {
    return this.home.shapeOf(this.version).tags ?? none;
  }

  /** True when it was removed or truncated. */
  get gone(): boolean {
    const { life } = this.home;
    return life.removed || this.version <= life.gone;
  }

  get closed(): boolean {
    return this.home.life.state !== 'open';
  }
}

/** The part of the log between two positions, both excluded. */
export interface LogRange {
  readonly after: number;
  readonly before: number;
  readonly backward: boolean;
}

/** Entries of one list, which is in the order of positions, within the range. */
export function* walk(entries: readonly LogEntry[], { after, before, backward }: LogRange): Generator<LogEntry> {
  const start = firstAfter(entries, after);
  const end = firstAfter(entries, before - 1);
  for (let step = 0; step < end - start; step++) {
    const entry = entries[backward ? end - 1 - step : start + step] as LogEntry;
    if (!entry.gone) yield entry;
  }
}

/** Entries of several lists in one order, each once. */
export function* walkTogether(lists: readonly (readonly LogEntry[])[], range: LogRange): Generator<LogEntry> {
  const walks = lists.map((list) => walk(list, range));
  const heads = walks.map((each) => each.next().value as LogEntry | undefined);
  for (;;) {
    const next = foremost(heads, range.backward);
    if (next === undefined) return;
    for (const [index, head] of heads.entries()) {
      if (head === next) heads[index] = walks[index]?.next().value as LogEntry | undefined;
    }
    yield next;
  }
}

function foremost(heads: readonly (LogEntry | undefined)[], backward: boolean): LogEntry | undefined {
  let found: LogEntry | undefined;
  for (const head of heads) {
    if (head === undefined) continue;
    if (found === undefined || head.position < found.position !== backward) found = head;
  }
  return found;
}

/** Index of the first entry with a greater position. */
function firstAfter(entries: readonly LogEntry[], position: number): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((entries[middle] as LogEntry).position > position) high = middle;
    else low = middle + 1;
  }
  return low;
}

const none: readonly never[] = Object.freeze([]);
