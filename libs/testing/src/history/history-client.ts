import { randomUUID } from 'node:crypto';
import type { AppendCondition, CommitResult, EventQuery, ExpectedVersion, Store, StoredEvent } from '@catga/core';
import { historyClock, type HistoryRecorder } from './history-recorder.js';
import type { AppendCall, HistoryCall, HistoryEvent, LogEvent, OutcomeEntry, ReadAnswer, Refusal } from './history.js';

/** What {@link HistoryClient.append} appends to one stream. */
export interface HistoryAppend {
  readonly stream: string;
  readonly expectedVersion: ExpectedVersion;
  /** How many events; the client makes them, each with an id of its own: its data is `{ id }` as JSON. */
  readonly events: number;
  /** Default `happened`. */
  readonly type?: string;
  readonly tags?: readonly string[];
}

/** Options of {@link HistoryClient.append}. */
export interface HistoryAppendOptions {
  /**
   * Tries again with the same idempotency id when the outcome is unknown, at most this many times. Default 0. The store
   * must know idempotent commits; the checker then holds it to "exactly once".
   */
  readonly retries?: number;
  readonly conditions?: readonly AppendCondition[];
}

/**
 * One client of a store whose calls and answers are recorded, to be checked by `checkHistory`. It makes one call at a
 * time; for concurrency take several clients, in one process or in many.
 *
 * No call of it throws because the store refuses or is away: that is what is recorded. They return undefined then.
 */
export class HistoryClient {
  /** Makes operations and events of two processes with the same client name distinct. */
  private readonly session = randomUUID().slice(0, 8);
  private operations = 0;

  /**
   * @param name of the client; a restarted process may use it again
   */
  constructor(
    private readonly store: Store,
    private readonly recorder: HistoryRecorder,
    readonly name: string,
  ) {}

  /** Whether the store knows append conditions. */
  get hasConditions(): boolean {
    return this.store.capabilities.conditions;
  }

  /** Appends events to one or more streams in one commit. Gives the answer, or undefined when there was no yes. */
  async append(
    appends: readonly HistoryAppend[],
    { retries = 0, conditions }: HistoryAppendOptions = {},
  ): Promise<CommitResult | undefined> {
    const commitId = `${this.name}-${this.session}-${this.operations + 1}`;
    const batch = appends.map(({ stream, expectedVersion, events, type = 'happened', tags }, part) => ({
      stream,
      expectedVersion,
      events: Array.from({ length: events }, (_, index) => ({
        type,
        data: JSON.stringify({ id: `${commitId}/${part}/${index}` }),
        ...(tags !== undefined && { tags }),
      })),
    }));
    const call: AppendCall = {
      kind: 'append',
      ...(retries > 0 && { commitId }),
      ...(conditions !== undefined && { conditions }),
      appends: batch.map(({ stream, expectedVersion, events }) => ({
        stream,
        expectedVersion,
        events: events.map(({ data }) => idOf(data)),
      })),
    };
    const commit = { appends: batch, ...(retries > 0 && { id: commitId }), ...(conditions && { conditions }) };
    for (let attempt = 0; ; attempt++) {
      const { result, outcome } = await this.record(call, async () => this.store.commit(commit), appendAnswer);
      if (outcome !== 'unknown' || attempt === retries) return result;
    }
  }

  /** Reads one stream from a version on. Gives its events, or undefined when the store is away. */
  async readStream(
    stream: string,
    { from = 1, limit }: { readonly from?: number; readonly limit?: number } = {},
  ): Promise<readonly StoredEvent[] | undefined> {
    const options = { from, ...(limit !== undefined && { limit }) };
    const { result } = await this.record(
      { kind: 'read-stream', stream, ...options },
      () => this.store.readStream(stream, options),
      (events) => ({ events: events.map((event) => identify(event)) }),
    );
    return result;
  }

  /** Reads the log behind a position. Gives its events, or undefined when the store is away. */
  async readAll({
    after = 0,
    limit = 1_000,
    query,
  }: { readonly after?: number; readonly limit?: number; readonly query?: EventQuery } = {}): Promise<
    readonly StoredEvent[] | undefined
  > {
    const options = { after, limit, ...(query !== undefined && { query }) };
    const { result } = await this.record(
      { kind: 'read-all', ...options },
      () => this.store.readAll(options),
      ({ events, position }): ReadAnswer => ({ events: events.map((event) => identify(event)), position }),
    );
    return result?.events;
  }

  private async record<R>(
    call: HistoryCall,
    run: () => Promise<R>,
    answer: (result: R) => (OutcomeEntry & { outcome: 'ok' })['answer'],
  ): Promise<{ readonly outcome: OutcomeEntry['outcome']; readonly result?: R }> {
    const operation = `${this.name}-${this.session}#${++this.operations}`;
    this.recorder.write({ entry: 'call', client: this.name, operation, at: historyClock(), call });
    try {
      const result = await run();
      // The clock first: what happens while the answer is being written down did not happen before it.
      const at = historyClock();
      this.recorder.write({ entry: 'outcome', operation, at, outcome: 'ok', answer: answer(result) });
      return { outcome: 'ok', result };
    } catch (error) {
      const end = failure(error);
      this.recorder.write({ entry: 'outcome', operation, at: historyClock(), ...end });
      return { outcome: end.outcome };
    }
  }
}

/** Every event of the log, to check a history against. Read it when nobody writes any more. */
export async function readFinalLog(store: Store): Promise<LogEvent[]> {
  const log: LogEvent[] = [];
  for (let after = 0; ;) {
    const { events } = await store.readAll({ after, limit: 1_000, closed: true });
    if (events.length === 0) return log;
    for (const event of events) {
      const { type, tags } = event;
      log.push({ ...identify(event), type, ...(tags !== undefined && { tags }) });
    }
    after = events.at(-1)?.position ?? after;
  }
}

/** An event as a history knows it, by the id in the data that {@link HistoryClient} gave it. */
export function identify({ stream, version, position, data }: StoredEvent): HistoryEvent {
  return { stream, version, position, id: idOf(data) };
}

/** An event of somebody else is known by all of its data. */
function idOf(data: unknown): string {
  const text = typeof data === 'string' ? data : JSON.stringify(data);
  try {
    const { id } = JSON.parse(text) as { id?: unknown };
    return typeof id === 'string' ? id : text;
  } catch {
    return text;
  }
}

function appendAnswer({ position, versions }: CommitResult): { position: number; versions: readonly number[] } {
  return { position, versions };
}

type Failure = { outcome: 'refused'; refusal: Refusal } | { outcome: 'unknown'; error: string };

/** A request that was refused has changed nothing. Anything else may have been done before it went wrong. */
function failure(error: unknown): Failure {
  const { kind, code, stream, actual } = error as {
    kind?: unknown;
    code?: unknown;
    stream?: unknown;
    actual?: unknown;
  };
  if (kind !== 'request') return { outcome: 'unknown', error: String(error) };
  const conflict = typeof stream === 'string' && typeof actual === 'number' ? { conflict: { stream, actual } } : {};
  return { outcome: 'refused', refusal: { code: String(code), ...conflict } };
}
