import { isCatgaError } from '../../foundation/index.js';
import type { CommitBatch, RecordQuery, Store, StoredRecord } from '../../store/index.js';
import { FORMER_RUNS, formerTag, readFormerRun } from '../engine/former-run.js';
import { FINAL_TAG, PROCESSES, readRecord, streamOf } from '../engine/run-record.js';

export interface RetentionOptions {
  readonly store: Store;
  /** Final runs of each process that are kept; undefined: all, or somebody else counts them. */
  readonly count: number | undefined;
  /** Processes of this application. */
  readonly names: () => Iterable<string>;
  readonly isStopped: () => boolean;
}

/** Runs removed in one commit. */
const BATCH = 50;

/**
 * Removes final runs from a durable store: those whose time has come, and those of which newer ones are enough. Every
 * node does this.
 *
 * Invariant: a line goes together with its journal and with those of all former runs of its id; so an id that is free
 * again has no journal left, and can be run as if it had never been.
 */
export class Retention {
  constructor(private readonly options: RetentionOptions) {}

  /** Removes final runs by their lines. */
  async remove(lines: readonly StoredRecord[]): Promise<void> {
    for (let i = 0; i < lines.length && !this.options.isStopped(); i += BATCH) {
      await this.removeBatch(lines.slice(i, i + BATCH));
    }
  }

  /** Journals of former runs whose time has come. */
  async removeDueFormer(now: number): Promise<void> {
    for await (const records of this.pages({ collection: FORMER_RUNS, dueBefore: now, order: 'due' })) {
      await this.removeFormer(records);
    }
  }

  /** Of every process only so many final runs are kept: the newest, and before all others the last one of each id. */
  async count(): Promise<void> {
    const { count, names } = this.options;
    if (count === undefined) return;
    for (const name of names()) {
      let kept = 0;
      const tooMany = (records: readonly StoredRecord[]): readonly StoredRecord[] => {
        const left = Math.max(0, count - kept);
        kept += records.length;
        return records.slice(left);
      };
      const byName = `name:${name}`;
      for await (const lines of this.pages({ collection: PROCESSES, tags: [byName, FINAL_TAG], order: 'newest' })) {
        await this.remove(tooMany(lines));
      }
      for await (const former of this.pages({ collection: FORMER_RUNS, tags: [byName], order: 'newest' })) {
        await this.removeFormer(tooMany(former));
      }
    }
  }

  private async removeBatch(lines: readonly StoredRecord[]): Promise<void> {
    const batch = batchOf(lines, (line) => streamOf(line.key, readRecord(line).run));
    for (const { key } of lines.filter((line) => readRecord(line).run > 1)) {
      for await (const former of this.pages({ collection: FORMER_RUNS, tags: [formerTag(key)] })) add(batch, former);
    }
    await this.commit(batch);
  }

  private async removeFormer(records: readonly StoredRecord[]): Promise<void> {
    const batch = batchOf([], () => '');
    for (const record of records) if (await this.isFormer(record)) add(batch, [record]);
    if (batch.records.length > 0) await this.commit(batch);
  }

  /** The line was written before the next run began, which may still be to come: until then it is the journal of the last run. */
  private async isFormer(record: StoredRecord): Promise<boolean> {
    const { id, run } = readFormerRun(record);
    const line = await this.options.store.getRecord(PROCESSES, id);
    return line === undefined || readRecord(line).run > run;
  }

  private async commit(batch: CommitBatch): Promise<void> {
    try {
      await this.options.store.commit(batch);
    } catch (error) {
      // Another node does the same, or one of them was started anew: the next look shows what is left.
      if (!isCatgaError(error, 'CATGA_RECORD_CONFLICT')) throw error;
    }
  }

  private async *pages(query: RecordQuery): AsyncIterable<readonly StoredRecord[]> {
    let cursor: string | undefined;
    do {
      const page = await this.options.store.findRecords({
        ...query,
        limit: 200,
        ...(cursor === undefined ? {} : { cursor }),
      });
      yield page.records;
      ({ cursor } = page);
    } while (cursor !== undefined && !this.options.isStopped());
  }
}

interface Removal extends CommitBatch {
  readonly records: { collection: string; key: string; ifVersion: number }[];
  readonly deleteStreams: string[];
}

function batchOf(records: readonly StoredRecord[], stream: (record: StoredRecord) => string): Removal {
  const batch: Removal = { records: [], deleteStreams: [] };
  for (const record of records) {
    const { collection, key, version } = record;
    batch.records.push({ collection, key, ifVersion: version });
    batch.deleteStreams.push(stream(record));
  }
  return batch;
}

/** The key of a former run's line is the name of its stream. */
function add(batch: Removal, former: readonly StoredRecord[]): void {
  const more = batchOf(former, ({ key }) => key);
  batch.records.push(...more.records);
  batch.deleteStreams.push(...more.deleteStreams);
}
