import type { EventFilter } from '../event-query.js';
import type { LogEntry } from './log-walk.js';

/** Events by tag, made when the first query has tags. Only events with tags are in it. */
export class TagIndex {
  private readonly entries = new Map<string, LogEntry[]>();

  constructor(all: Iterable<LogEntry>) {
    for (const entry of all) if (!entry.gone) this.add(entry);
  }

  /** Adds an event that comes after all others. */
  add(entry: LogEntry): void {
    for (const tag of entry.tags) {
      const list = this.entries.get(tag);
      if (list === undefined) this.entries.set(tag, [entry]);
      else if (list.at(-1) !== entry) list.push(entry); // a tag may be given twice
    }
  }

  /** The shortest list that holds everything that matches; the filter has tags. */
  candidates({ tags = [] }: EventFilter): readonly LogEntry[] {
    let shortest: readonly LogEntry[] | undefined;
    for (const tag of tags) {
      const list = this.entries.get(tag) ?? none;
      if (shortest === undefined || list.length < shortest.length) shortest = list;
    }
    return shortest ?? none;
  }
}

const none: readonly never[] = Object.freeze([]);
