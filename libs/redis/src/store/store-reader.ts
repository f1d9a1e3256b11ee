import {
  readRecordCursor,
  writeRecordCursor,
  type LogPage,
  type ReadAllOptions,
  type ReadStreamOptions,
  type RecordPage,
  type RecordQuery,
  type StoredEvent,
  type StoredRecord,
  type StreamInfo,
} from '@catga/core';
import type { RedisArgument } from '../connection/index.js';
import { queryArgument } from './commit-arguments.js';
import { isWellFormed } from './payload.js';
import { toEvents, toNumber, toRecord, toStreamInfo, type NumberedRecord } from './replies.js';
import { NoAnswerError, type ScriptRunner } from './script-runner.js';
import { GET_STREAM, NOW, READ_ALL, READ_STREAM } from './scripts/event-reads.js';
import { FIND_RECORDS, GET_RECORD } from './scripts/record-reads.js';
import type { Script } from './scripts/script.js';
import type { StoreIdentity } from './store-identity.js';
import { toStoreError, unanswered } from './store.errors.js';

const EVERYTHING = Number.MAX_SAFE_INTEGER;

/**
 * Reads in parts: each script looks at a few hundred events or records at most and says where to go on, so that no
 * read keeps the server from the others for long.
 */
export class StoreReader {
  constructor(
    private readonly runner: ScriptRunner,
    private readonly identity: StoreIdentity,
    /** Milliseconds for each part. */
    private readonly timeout: number,
  ) {}

  async readStream(stream: string, options: ReadStreamOptions): Promise<readonly StoredEvent[]> {
    const { direction = 'forward', since = '', until = '', limit = EVERYTHING } = options;
    let { from, to }: { from?: number; to?: number } = options;
    const events: StoredEvent[] = [];
    while (isWellFormed(stream) && events.length < limit) {
      const left = limit - events.length;
      const reply = await this.run(READ_STREAM, [stream, direction, from ?? '', to ?? '', since, until, left]);
      for (const event of toEvents(reply[2] as Buffer)) events.push(event);
      from = toNumber(reply[0]);
      // What is appended from now on belongs to another read.
      to = toNumber(reply[1]);
      if (from === 0) break;
    }
    return events;
  }

  async getStream(stream: string): Promise<StreamInfo | undefined> {
    if (!isWellFormed(stream)) return undefined;
    return toStreamInfo(stream, await this.run(GET_STREAM, [stream]));
  }

  async readAll(options: ReadAllOptions): Promise<LogPage> {
    const { limit = 1_000, direction = 'forward', closed = false, query } = options;
    const backward = direction === 'backward';
    const filter = query === undefined ? '' : queryArgument(query);
    let { after = 0, before }: { after?: number; before?: number | undefined } = options;
    after = Math.max(0, after);
    if (limit <= 0) return { events: [], position: backward ? (before ?? after + 1) : after };
    const events: StoredEvent[] = [];
    let last = 0;
    for (let isFirst = true; ; isFirst = false) {
      const flags = [limit - events.length, direction, closed ? 1 : 0, filter];
      const reply = await this.run(READ_ALL, [after, before ?? '', ...flags]);
      for (const event of toEvents(reply[2] as Buffer)) events.push(event);
      if (isFirst) {
        last = toNumber(reply[0]);
        this.identity.saw(last);
        // The page is of one moment, so that it holds commits as a whole.
        before = Math.min(before ?? EVERYTHING, last + 1);
      }
      const next = toNumber(reply[1]);
      if (events.length >= limit) return { events, position: (events.at(-1) as StoredEvent).position };
      if (next === 0) break;
      if (backward) before = next;
      else after = next;
    }
    return { events, position: backward ? (options.after ?? 0) + 1 : Math.min(last, (before ?? EVERYTHING) - 1) };
  }

  async getRecord(collection: string, key: string): Promise<StoredRecord | undefined> {
    if (!isWellFormed(collection) || !isWellFormed(key)) return undefined;
    const reply = (await this.run(GET_RECORD, [collection, key])) as readonly unknown[] | null;
    return reply === null ? undefined : toRecord(collection, reply).record;
  }

  async findRecords(query: RecordQuery): Promise<RecordPage> {
    const { collection, tags = [], order = 'oldest', limit = 100 } = query;
    const place = readRecordCursor(query);
    if (limit <= 0 || ![collection, ...tags].every(isWellFormed)) return { records: [] };
    const bounds = [query.dueBefore ?? '', query.createdFrom ?? '', query.createdBefore ?? '', JSON.stringify(tags)];
    let [sequence, due]: [RedisArgument, RedisArgument] = [place?.sequence ?? '', place?.dueAt ?? ''];
    const found: NumberedRecord[] = [];
    // One more than asked for tells whether there is another page.
    while (found.length <= limit) {
      const left = limit + 1 - found.length;
      const reply = await this.run(FIND_RECORDS, [collection, order, left, sequence, due, ...bounds]);
      for (const each of reply.slice(2)) found.push(toRecord(collection, each as readonly unknown[]));
      [sequence, due] = [(reply[0] as Buffer).toString(), (reply[1] as Buffer).toString()];
      if (sequence === '') break;
    }
    const records = found.slice(0, limit).map((each) => each.record);
    if (found.length <= limit) return { records };
    const { sequence: last, record } = found[limit - 1] as NumberedRecord;
    return { records, cursor: writeRecordCursor(order, { sequence: last, dueAt: record.dueAt ?? 0 }) };
  }

  async now(): Promise<number> {
    return Number((await this.run(NOW, [])) as unknown as Buffer);
  }

  private async run(script: Script, args: readonly RedisArgument[]): Promise<readonly unknown[]> {
    try {
      return (await this.runner.run(script, args, performance.now() + this.timeout)) as readonly unknown[];
    } catch (error) {
      if (error === this.identity.loss) throw error;
      if (error instanceof NoAnswerError) throw unanswered(this.identity.name, error.message, error.cause);
      throw toStoreError(this.identity.name, error);
    }
  }
}
