import type {
  CommitBatch,
  CommitResult,
  EventFilter,
  ExpectedVersion,
  RecordQuery,
  RecordWrite,
  StreamChange,
  StreamInfo,
} from '@catga/core';

/** An event of the model. */
export interface ModelEvent {
  readonly stream: string;
  readonly version: number;
  readonly position: number;
  readonly type: string;
  readonly tags: readonly string[];
}

/** What the model is asked for of the log; filters are alternatives. */
export interface ModelQuery {
  readonly filters: readonly EventFilter[] | undefined;
  readonly after: number;
  readonly before: number;
  readonly limit: number;
  readonly backward: boolean;
  readonly closed: boolean;
}

/** A record of the model. */
export interface ModelRecord {
  readonly key: string;
  readonly value: unknown;
  readonly version: number;
  readonly created: number;
  readonly dueAt: number | undefined;
  readonly tags: readonly string[];
}

/** What a commit should answer: its result, or the code of its error. */
export type ModelAnswer = CommitResult | { readonly code: string };

/**
 * The store contract in as few lines as it can be said: a list of events and a map of records, copied before every
 * commit and thrown away when a condition fails. Slow and obviously right.
 */
export class StoreModel {
  private events: ModelEvent[] = [];
  private streams = new Map<string, StreamInfo>();
  private answers = new Map<string, CommitResult>();
  private records = new Map<string, ModelRecord>();
  private last = 0;
  private created = 0;

  /** @param start position of the last event before the program began */
  constructor(start: number) {
    this.last = start;
  }

  commit(batch: CommitBatch): ModelAnswer {
    const first = batch.id === undefined ? undefined : this.answers.get(batch.id);
    if (first !== undefined) return { ...first, repeated: true };
    const { events, last, created } = this;
    const before = { events, streams: new Map(this.streams), records: new Map(this.records), last, created };
    try {
      const answer = this.apply(batch);
      if (batch.id !== undefined) this.answers.set(batch.id, answer);
      return answer;
    } catch (error) {
      Object.assign(this, before);
      return { code: (error as Error).message };
    }
  }

  stream(stream: string): ModelEvent[] {
    return this.info(stream)?.state === 'deleted' ? [] : this.events.filter((event) => event.stream === stream);
  }

  info(stream: string): StreamInfo | undefined {
    return this.streams.get(stream);
  }

  /** Events and how far they go, as `readAll` answers. */
  log({ filters, after, before, limit, backward, closed }: ModelQuery): { events: ModelEvent[]; position: number } {
    const found = this.events
      .filter(({ position }) => position > after && position < before)
      .filter((event) => closed || this.info(event.stream)?.state === 'open')
      .filter((event) => filters === undefined || filters.some((filter) => matches(event, filter)));
    const events = (backward ? found.reverse() : found).slice(0, limit);
    const end = backward ? after + 1 : Math.min(this.last, before - 1);
    return { events, position: events.length === limit ? (events.at(-1)?.position ?? 0) : end };
  }

  find({ tags = [], dueBefore, order = 'oldest' }: Omit<RecordQuery, 'collection'>): ModelRecord[] {
    const due = (record: ModelRecord): number => record.dueAt ?? Number.NaN;
    const found = [...this.records.values()]
      .filter((record) => tags.every((tag) => record.tags.includes(tag)))
      .filter((record) => dueBefore === undefined || due(record) <= dueBefore)
      .filter((record) => order !== 'due' || record.dueAt !== undefined)
      .sort((a, b) => a.created - b.created);
    if (order === 'newest') return found.reverse();
    return order === 'due' ? found.sort((a, b) => due(a) - due(b)) : found; // sort is stable
  }

  get(key: string): ModelRecord | undefined {
    return this.records.get(key);
  }

  private apply(batch: CommitBatch): CommitResult {
    for (const { query, after } of batch.conditions ?? []) {
      const filters = Array.isArray(query) ? query : [query as EventFilter];
      const broken = this.events.some(
        (event) => event.position > after && filters.some((filter) => matches(event, filter)),
      );
      if (broken) throw new Error('CATGA_APPEND_CONDITION');
    }
    for (const stream of batch.deleteStreams ?? []) {
      this.events = this.events.filter((event) => event.stream !== stream);
      this.streams.delete(stream);
    }
    for (const change of batch.streams ?? []) this.change(change);
    const versions = (batch.appends ?? []).map((append) => this.append(append));
    const recordVersions = (batch.records ?? []).map((write) => this.write(write));
    return { position: this.last, versions, recordVersions };
  }

  private change({ stream, expectedVersion = 'any', truncateBefore = 0, state }: StreamChange): void {
    const found = this.info(stream);
    if (!meets(expectedVersion, found?.version ?? 0)) throw new Error('CATGA_VERSION_CONFLICT');
    if (found === undefined) return;
    this.events = this.events.filter((event) => event.stream !== stream || event.version >= truncateBefore);
    const firstVersion = Math.max(found.firstVersion, Math.min(truncateBefore, found.version + 1));
    this.streams.set(stream, { ...found, firstVersion, state: state ?? found.state });
  }

  private append({ stream, expectedVersion, events }: NonNullable<CommitBatch['appends']>[number]): number {
    const found = this.info(stream) ?? { stream, version: 0, firstVersion: 1, state: 'open' };
    if (events.length > 0 && found.state !== 'open') throw new Error('CATGA_STREAM_CLOSED');
    if (!meets(expectedVersion, found.version)) throw new Error('CATGA_VERSION_CONFLICT');
    if (events.length === 0) return found.version;
    const added = events.map(({ type, tags = [] }, index) => ({
      stream,
      version: found.version + index + 1,
      position: ++this.last,
      type,
      tags: [...new Set(tags)],
    }));
    this.events = [...this.events, ...added];
    this.streams.set(stream, { ...found, version: found.version + events.length });
    return found.version + events.length;
  }

  private write({ key, value, ifVersion, dueAt, tags = [] }: RecordWrite): number {
    const former = this.records.get(key);
    const version = former?.version ?? 0;
    if (ifVersion !== undefined && ifVersion !== version) throw new Error('CATGA_RECORD_CONFLICT');
    if (value === undefined) {
      this.records.delete(key);
      return 0;
    }
    const created = former?.created ?? ++this.created;
    this.records.set(key, { key, value, version: version + 1, created, dueAt, tags: [...new Set(tags)] });
    return version + 1;
  }
}

/** The category is spelled out here: the model must not share the mistakes of what it is compared with. */
function matches({ type, stream, tags }: ModelEvent, filter: EventFilter): boolean {
  const [category = ''] = stream.split('-');
  return (
    (filter.types?.includes(type) ?? true) &&
    (filter.categories?.includes(category) ?? true) &&
    (filter.tags?.every((tag) => tags.includes(tag)) ?? true)
  );
}

function meets(expected: ExpectedVersion, actual: number): boolean {
  if (expected === 'any') return true;
  if (expected === 'no-stream') return actual === 0;
  return expected === 'stream-exists' ? actual > 0 : actual === expected;
}
