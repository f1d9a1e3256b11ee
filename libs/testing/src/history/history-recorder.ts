import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import type { HistoryEntry, HistoryEvent, SubscriptionEntry } from './history.js';
import type { EventQuery } from '@catga/core';

/** Takes the entries of a history, in the order in which they happen. */
export interface HistoryRecorder {
  write(entry: HistoryEntry): void;
}

/** A history in memory: for clients and a store of one process. */
export class MemoryHistory implements HistoryRecorder {
  readonly entries: HistoryEntry[] = [];

  write(entry: HistoryEntry): void {
    this.entries.push(entry);
  }
}

/**
 * A history in a file, one entry a line, for a process that is going to be killed: every entry is handed to the
 * operating system before `write` returns, so `kill -9` loses none of them.
 *
 * @example
 * ```ts
 * const history = new FileHistory('writer-1.jsonl');
 * const client = new HistoryClient(store, history, 'writer-1');
 * await client.append([{ stream: 'order-1', expectedVersion: 'any', events: 2 }]);
 * ```
 */
export class FileHistory implements HistoryRecorder {
  private readonly file: number;

  /** @param path is appended to when it is there: a restarted process goes on in the file of the one before. */
  constructor(path: string) {
    this.file = openSync(path, 'a');
    // The process before may have died in the middle of a line; what follows must not be glued to it.
    writeSync(this.file, '\n');
  }

  write(entry: HistoryEntry): void {
    writeSync(this.file, `${JSON.stringify(entry)}\n`);
  }

  close(): void {
    closeSync(this.file);
  }
}

/**
 * Reads the files of {@link FileHistory} back as one history, in the order of time. A line that its process did not
 * finish is left out: what it was about to say was never said.
 */
export function readHistory(...paths: readonly string[]): HistoryEntry[] {
  const entries = paths.flatMap((path) => readFileSync(path, 'utf8').split('\n').flatMap(parseLine));
  return entries.sort((a, b) => a.at - b.at);
}

function parseLine(line: string): HistoryEntry[] {
  if (line === '') return [];
  try {
    return [JSON.parse(line) as HistoryEntry];
  } catch {
    return [];
  }
}

/** Microseconds of the monotonic clock of the machine: its processes can be compared, other machines cannot. */
export function historyClock(): number {
  return Number(process.hrtime.bigint() / 1000n);
}

/**
 * Records what a subscription does: call `start` with its checkpoint whenever it (re)starts, `deliver` before the
 * handler's work counts as done, `checkpoint` after a checkpoint was acknowledged.
 */
export class SubscriptionRecorder {
  constructor(
    private readonly recorder: HistoryRecorder,
    private readonly subscription: string,
  ) {}

  /** It starts behind this position; 0 is the beginning. */
  start(after: number, query?: EventQuery): void {
    this.write({ did: 'start', after, ...(query !== undefined && { query }) });
  }

  /** It was given these events; with them, everything up to and including `position` was looked at. */
  deliver(events: readonly HistoryEvent[], position: number): void {
    const seen = events.map(({ stream, version, position: at, id }) => ({ stream, version, position: at, id }));
    this.write({ did: 'deliver', events: seen, position });
  }

  /** Its checkpoint is safe: it never starts before this position again. */
  checkpoint(position: number): void {
    this.write({ did: 'checkpoint', position });
  }

  private write(what: SubscriptionAct): void {
    this.recorder.write({ entry: 'subscription', subscription: this.subscription, at: historyClock(), ...what });
  }
}

type SubscriptionAct = SubscriptionEntry extends infer Entry
  ? Entry extends SubscriptionEntry
    ? Omit<Entry, 'entry' | 'subscription' | 'at'>
    : never
  : never;
