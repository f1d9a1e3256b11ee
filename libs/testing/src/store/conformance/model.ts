import type { CommitBatch, CommitResult, ExpectedVersion, RecordQuery, RecordWrite } from '@catga/core';

/** An event of the model. */
export interface ModelEvent {
  readonly stream: string;
  readonly version: number;
  readonly position: number;
  readonly type: string;
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
  private records = new Map<string, ModelRecord>();
  private last = 0;
  private created = 0;

  /** @param start position of the last event before the program began */
  constructor(start: number) {
    this.last = start;
  }

  commit(batch: CommitBatch): ModelAnswer {
    const before = { events: this.events, records: new Map(this.records), last: this.last, created: this.created };
    try {
      for (const stream of batch.deleteStreams ?? []) {
        this.events = this.events.filter((event) => event.stream !== stream);
      }
      const versions = (batch.appends ?? []).map((append) => this.append(append));
      const recordVersions = (batch.records ?? []).map((write) => this.write(write));
      return { position: this.last, versions, recordVersions };
    } catch (error) {
      Object.assign(this, before);
      return { code: (error as Error).message };
    }
  }

  stream(stream: string): ModelEvent[] {
    return this.events.filter((event) => event.stream === stream);
  }

  all(): ModelEvent[] {
    return this.events;
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

  private append({ stream, expectedVersion, events }: NonNullable<CommitBatch['appends']>[number]): number {
    const actual = this.stream(stream).length;
    if (!meets(expectedVersion, actual)) throw new Error('CATGA_VERSION_CONFLICT');
    const added = events.map(({ type }, index) => ({
      stream,
      version: actual + index + 1,
      position: ++this.last,
      type,
    }));
    this.events = [...this.events, ...added];
    return actual + events.length;
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

function meets(expected: ExpectedVersion, actual: number): boolean {
  if (expected === 'any') return true;
  if (expected === 'no-stream') return actual === 0;
  return expected === 'stream-exists' ? actual > 0 : actual === expected;
}
