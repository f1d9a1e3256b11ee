import type { CommitNotifier } from '../commit-notifier.js';
import { eventMatcher, type QueriedEvent } from '../event-query.js';
import type { EventShape, LogPage, ReadAllOptions, StoredEvent } from '../store.js';
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
class LogEntry implements QueriedEvent {
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

  get gone(): boolean {
    const { life } = this.home;
    return life.removed || this.version <= life.gone;
  }

  get closed(): boolean {
    return this.home.life.state !== 'open';
  }
}

/**
 * The global order. Every event knows its position; the list of all of them is only built when somebody reads all for
 * the first time, and kept from then on, because most programs in memory never do.
 */
export class MemoryLog {
  /** Position of the last event. */
  last = 0;
  /** True when an append has to tell anybody: the list below exists, or there are listeners. */
  watched = false;
  private entries: LogEntry[] | undefined;
  private deleted = 0;

  constructor(
    private readonly streams: () => Iterable<LoggedStream>,
    private readonly notifier: CommitNotifier,
  ) {}

  /** Called by a stream after an append while {@link MemoryLog.watched}. */
  appended(stream: LoggedStream): void {
    this.entries?.push(new LogEntry(stream, stream.version, this.last));
    if (!this.notifier.listening) return;
    this.notifier.touchStream(stream.name);
    if (stream.collection !== undefined) this.notifier.touchCollection(stream.collection);
  }

  /** Called after events have gone. Their entries leave the list when they are more than half of it. */
  removed(events: number): void {
    if (this.entries === undefined) return;
    this.deleted += events;
    if (this.deleted * 2 <= this.entries.length) return;
    this.entries = this.entries.filter((entry) => !entry.gone);
    this.deleted = 0;
  }

  /** Must be called when listeners come or go. */
  watch(): void {
    this.watched = this.entries !== undefined || this.notifier.listening;
  }

  read(options: ReadAllOptions = {}): LogPage {
    const { after = 0, before = this.last + 1, limit = 1_000, direction, query, closed = false } = options;
    const backward = direction === 'backward';
    const matches = query && eventMatcher(query);
    const events: StoredEvent[] = [];
    const found = this.between(after, before, backward);
    for (let entry = found.next(); events.length < limit && entry.done !== true; entry = found.next()) {
      const { value } = entry;
      if (value.closed && !closed) continue;
      if (matches === undefined || matches(value)) events.push(value.home.at(value.version));
    }
    const [first, end] = backward ? [before, after + 1] : [after, Math.min(this.last, before - 1)];
    return { events, position: events.length >= limit ? (events.at(-1)?.position ?? first) : end };
  }

  /** Events with a position greater than `after` and less than `before`. */
  private *between(after: number, before: number, backward: boolean): Iterator<LogEntry, undefined> {
    const entries = (this.entries ??= this.build());
    this.watch();
    const start = firstAfter(entries, after);
    const end = firstAfter(entries, before - 1);
    for (let step = 0; step < end - start; step++) {
      const entry = entries[backward ? end - 1 - step : start + step] as LogEntry;
      if (!entry.gone) yield entry;
    }
    return undefined;
  }

  private build(): LogEntry[] {
    const entries: LogEntry[] = [];
    for (const stream of this.streams()) {
      for (let version = stream.life.gone + 1; version <= stream.version; version++) {
        entries.push(new LogEntry(stream, version, stream.positionOf(version)));
      }
    }
    return entries.sort((a, b) => a.position - b.position);
  }
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
