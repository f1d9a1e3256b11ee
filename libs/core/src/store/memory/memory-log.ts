import type { CommitNotifier } from '../commit-notifier.js';
import type { ReadAllOptions, StoredEvent } from '../store.js';

/** What the log asks of a stream. */
export interface LoggedStream {
  readonly name: string;
  readonly version: number;
  /** Whose records change with it. */
  readonly collection: string | undefined;
  /** True once the stream was removed from the store. */
  readonly deleted: boolean;
  positionOf(version: number): number;
  at(version: number): StoredEvent;
}

/** An event by where it is: nothing is copied until somebody reads it. */
interface LogEntry {
  readonly stream: LoggedStream;
  readonly version: number;
  readonly position: number;
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
    this.entries?.push({ stream, version: stream.version, position: this.last });
    if (!this.notifier.listening) return;
    this.notifier.touchStream(stream.name);
    if (stream.collection !== undefined) this.notifier.touchCollection(stream.collection);
  }

  /** Called after a stream was removed. Its entries leave the list when they are more than half of it. */
  removed(stream: LoggedStream): void {
    if (this.entries === undefined) return;
    this.deleted += stream.version;
    if (this.deleted * 2 <= this.entries.length) return;
    this.entries = this.entries.filter((entry) => !entry.stream.deleted);
    this.deleted = 0;
  }

  /** Must be called when listeners come or go. */
  watch(): void {
    this.watched = this.entries !== undefined || this.notifier.listening;
  }

  read({ after = 0, limit = 1_000 }: ReadAllOptions = {}): StoredEvent[] {
    const entries = (this.entries ??= this.build());
    this.watch();
    const events: StoredEvent[] = [];
    for (let index = firstAfter(entries, after); index < entries.length && events.length < limit; index++) {
      const { stream, version } = entries[index] as LogEntry;
      if (!stream.deleted) events.push(stream.at(version));
    }
    return events;
  }

  private build(): LogEntry[] {
    const entries: LogEntry[] = [];
    for (const stream of this.streams()) {
      for (let version = 1; version <= stream.version; version++) {
        entries.push({ stream, version, position: stream.positionOf(version) });
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
