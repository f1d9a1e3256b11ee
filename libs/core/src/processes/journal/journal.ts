import { isPromise } from '../../foundation/index.js';
import type {
  CommitResult,
  DirectStream,
  EventShape,
  NewEvent,
  Payload,
  RecordWrite,
  Store,
} from '../../store/index.js';
import { metadataText } from './journal-event.js';

/** Where a run writes its events. */
export interface Journal {
  /** Events written or waiting to be. */
  readonly length: number;
  /** Adds an event; `durable` is called once it, and all before it, are safe. */
  append(event: NewEvent, durable?: () => void): void;
  /** The same, for an event of which no object need be made. */
  add(shape: EventShape, at: number, data: Payload, durable?: () => void): void;
  /** The stream from which the run's line in the index follows; undefined where the line has to be written. */
  readonly derived: DirectStream | undefined;
  /** Writes the run's line in the index together with the next flush. */
  index(write: RecordWrite): void;
  /** Calls back once everything added so far is safe. */
  whenDurable(durable: () => void): void;
  /** Sends what waits, unless a commit is under way; then it follows by itself. */
  flush(): void;
  /** Forgets what waits and calls nobody any more. */
  stop(): void;
}

/** Told when a commit did not go through. Answers with the version to go on from, or `stop`. */
export interface JournalHost {
  /** A commit was refused or failed; `attempt` counts from 1. Resolves with the stream's version to retry at. */
  commitFailed(
    error: unknown,
    expectedVersion: number,
    events: readonly NewEvent[],
    attempt: number,
  ): Promise<number | 'written' | 'stop'>;
  /** Ask for `flush` at the end of this turn of the event loop. */
  wantsFlush(): void;
}

/**
 * The journal of a run on any store.
 *
 * Invariant: one commit at a time, each fenced by the version the last one left. What is added while a commit is under
 * way goes together into the next: one durable write per step boundary, also when many branches reach theirs at once.
 */
export class CommitJournal implements Journal {
  private pending: NewEvent[] = [];
  private waiting: (() => void)[] = [];
  /** Who waits for the commit under way, and for nothing after it. */
  private afterCommit: (() => void)[] = [];
  private record: RecordWrite | undefined;
  private committing = false;
  private stopped = false;

  constructor(
    private readonly store: Store,
    private readonly stream: string,
    private version: number,
    private readonly host: JournalHost,
  ) {}

  get length(): number {
    return this.version + this.pending.length;
  }

  get derived(): undefined {
    return undefined;
  }

  append(event: NewEvent, durable?: () => void): void {
    this.add(event, event.at as number, event.data, durable);
  }

  add(shape: EventShape, at: number, data: Payload, durable?: () => void): void {
    if (this.stopped) return;
    this.pending.push({ type: shape.type, at, data: data ?? '', metadata: metadataText(shape) });
    if (durable) this.waiting.push(durable);
    if (!this.committing) this.host.wantsFlush();
  }

  index(write: RecordWrite): void {
    this.record = write;
  }

  whenDurable(durable: () => void): void {
    if (this.stopped) return;
    if (this.pending.length > 0) this.waiting.push(durable);
    else if (this.committing) this.afterCommit.push(durable);
    else durable();
  }

  flush(): void {
    if (this.committing || this.stopped || this.pending.length === 0) return;
    const { pending, waiting, record } = this;
    this.pending = [];
    this.waiting = [];
    this.record = undefined;
    this.committing = true;
    this.commit(pending, record, waiting, 1);
  }

  stop(): void {
    this.stopped = true;
    this.pending = [];
    this.waiting = [];
  }

  private commit(
    events: readonly NewEvent[],
    record: RecordWrite | undefined,
    waiting: readonly (() => void)[],
    attempt: number,
  ): void {
    const failed = (error: unknown): void => this.failed(error, events, record, waiting, attempt);
    let result: CommitResult | Promise<CommitResult>;
    try {
      result = this.store.commit({
        appends: [{ stream: this.stream, expectedVersion: this.version, events }],
        ...(record ? { records: [record] } : {}),
      });
    } catch (error) {
      return failed(error);
    }
    const written = (): void => this.written(events.length, waiting);
    if (isPromise(result)) result.then(written, failed);
    else written();
  }

  private written(count: number, waiting: readonly (() => void)[]): void {
    this.version += count;
    this.committing = false;
    if (this.stopped) return;
    const { afterCommit } = this;
    this.afterCommit = [];
    for (const durable of waiting) durable();
    for (const durable of afterCommit) durable();
    if (this.pending.length > 0) this.host.wantsFlush();
  }

  private failed(
    error: unknown,
    events: readonly NewEvent[],
    record: RecordWrite | undefined,
    waiting: readonly (() => void)[],
    attempt: number,
  ): void {
    if (this.stopped) return;
    void this.host.commitFailed(error, this.version, events, attempt).then((next) => {
      if (next === 'stop' || this.stopped) return this.stop();
      if (next === 'written') return this.written(events.length, waiting);
      this.version = next;
      this.commit(events, record, waiting, attempt + 1);
    });
  }
}

/**
 * The journal of a run on a store in memory: every event is there the moment it is added.
 */
export class DirectJournal implements Journal {
  constructor(
    readonly stream: DirectStream,
    private readonly store: Store,
  ) {}

  get length(): number {
    return this.stream.version;
  }

  get derived(): DirectStream | undefined {
    return this.stream.derivesRecord ? this.stream : undefined;
  }

  append(event: NewEvent, durable?: () => void): void {
    this.stream.push(event);
    durable?.();
  }

  add(shape: EventShape, at: number, data: Payload, durable?: () => void): void {
    this.stream.add(shape, at, data);
    durable?.();
  }

  index(write: RecordWrite): void {
    void this.store.commit({ records: [write] });
  }

  whenDurable(durable: () => void): void {
    durable();
  }

  flush(): void {}
  stop(): void {}
}
