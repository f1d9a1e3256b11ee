import type { CommitNotifier } from '../commit-notifier.js';
import { eventMatcher, queryFilters, type EventQuery } from '../event-query.js';
import type { LogPage, ReadAllOptions, StoredEvent } from '../store.js';
import { LogEntry, walk, walkTogether, type LoggedStream, type LogRange } from './log-walk.js';
import { TagIndex } from './tag-index.js';

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
  private tags: TagIndex | undefined;
  private gone = 0;

  constructor(
    private readonly streams: () => Iterable<LoggedStream>,
    private readonly notifier: CommitNotifier,
  ) {}

  /** Called by a stream after an append while {@link MemoryLog.watched}. */
  appended(stream: LoggedStream): void {
    if (this.entries !== undefined) {
      const entry = new LogEntry(stream, stream.version, this.last);
      this.entries.push(entry);
      this.tags?.add(entry);
    }
    if (!this.notifier.listening) return;
    this.notifier.touchStream(stream.name);
    if (stream.collection !== undefined) this.notifier.touchCollection(stream.collection);
  }

  /** Called after events have gone. Their entries leave the list when they are more than half of it. */
  removed(events: number): void {
    if (this.entries === undefined) return;
    this.gone += events;
    if (this.gone * 2 <= this.entries.length) return;
    this.entries = this.entries.filter((entry) => !entry.gone);
    this.tags = undefined;
    this.gone = 0;
  }

  /** The list exists, and holds streams: also those that were removed. */
  get isListed(): boolean {
    return this.entries !== undefined;
  }

  /** Must be called when listeners come or go. */
  watch(): void {
    this.watched = this.entries !== undefined || this.notifier.listening;
  }

  read(options: ReadAllOptions = {}): LogPage {
    const { after = 0, before = this.last + 1, limit = 1_000, direction, query, closed = false } = options;
    const backward = direction === 'backward';
    const events: StoredEvent[] = [];
    const found = this.matching(query, { after, before, backward });
    for (let entry = found.next(); events.length < limit && entry.done !== true; entry = found.next()) {
      const { value } = entry;
      if (closed || !value.closed) events.push(value.home.at(value.version));
    }
    const [first, end] = backward ? [before, after + 1] : [after, Math.min(this.last, before - 1)];
    return { events, position: events.length >= limit ? (events.at(-1)?.position ?? first) : end };
  }

  /** Position of the first event after `after` that matches, also one of a closed stream. */
  matchAfter(query: EventQuery, after: number): number | undefined {
    if (after >= this.last) return undefined;
    return this.matching(query, { after, before: this.last + 1, backward: false }).next().value?.position;
  }

  private *matching(query: EventQuery | undefined, range: LogRange): Generator<LogEntry, undefined> {
    const entries = (this.entries ??= this.build());
    this.watch();
    if (query === undefined) {
      yield* walk(entries, range);
      return undefined;
    }
    const matches = eventMatcher(query);
    for (const entry of this.candidates(query, entries, range)) if (matches(entry)) yield entry;
    return undefined;
  }

  private candidates(query: EventQuery, entries: readonly LogEntry[], range: LogRange): Iterable<LogEntry> {
    const filters = queryFilters(query);
    if (!filters.every(({ tags = [] }) => tags.length > 0)) return walk(entries, range);
    const index = (this.tags ??= new TagIndex(entries));
    return walkTogether(
      filters.map((filter) => index.candidates(filter)),
      range,
    );
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
