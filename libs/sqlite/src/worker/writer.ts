import { applyBatch, learn, type Tables } from './apply-batch.js';
import { readBatch, type BatchRows } from './batch.js';
import { CommitIds } from './commit-ids.js';
import { ConditionCheck } from './condition-check.js';
import type { Connection, Statement } from './driver.js';
import { isBusy, isConstraint, StoreFault, toFault, UncertainFault, type Fault } from './fault.js';
import { FileConnection } from './file-connection.js';
import { CellReader, OUTCOME, type CommitsDone, type WorkerSettings, type WriterRequest } from './protocol.js';
import { RecordTable } from './record-table.js';
import { LAST } from './schema.js';
import { StreamTable } from './stream-table.js';

/** Look for expired records at most this often, milliseconds. */
const SWEEP_EVERY = 1_000;

/** Transactions that look everything up after one that had taken for new what was not: it was paid for twice. */
const CAREFUL = 1_000;

/** What the commits of a transaction want to be new may not be. Never leaves this file. */
class WrongAssumption extends Error {}

/** Everything that lives as long as one connection. */
interface Open extends Tables {
  readonly connection: Connection;
  readonly readCounters: Statement;
  readonly writeCounters: Statement;
  readonly dataVersion: Statement;
}

/**
 * Writes commits, everything that waits in one transaction.
 *
 * Conditions of a commit are checked before anything of it is written, so a conflict costs its neighbours nothing: the
 * commit is left out, the transaction goes on.
 */
export class Writer {
  private readonly file: FileConnection<Open>;
  private knownDataVersion = -1;
  private foreign = false;
  private sweptAt = 0;
  /** Transactions still to come that take nothing for new. */
  private careful = 0;

  constructor(private readonly settings: WorkerSettings) {
    this.file = new FileConnection(settings, prepare);
  }

  /** Opens the file, so that the first commit does not have to. */
  open(): Fault | undefined {
    // Commits of others count as news from here on.
    return this.guarded(() => this.notice(this.file.get()));
  }

  close(): void {
    this.file.close();
  }

  /** Writes the commits of all the requests. One answer for each request. */
  commit(requests: readonly (WriterRequest & { kind: 'commits' })[]): CommitsDone[] {
    const now = Date.now();
    const groups = requests.map(({ cells, count }) => {
      const reader = new CellReader(cells);
      return Array.from({ length: count }, () => readBatch(reader, now));
    });
    const answers = this.write(groups.flat(), now);
    let at = 0;
    return groups.map((group) => {
      const outcomes: number[] = [];
      const faults: Fault[] = [];
      for (const answer of answers.slice(at, (at += group.length))) {
        if (Array.isArray(answer)) for (const number of answer) outcomes.push(number);
        else outcomes.push(OUTCOME.failed, faults.push(answer) - 1);
      }
      return { kind: 'commits', count: group.length, outcomes, faults, foreign: this.takeForeign() };
    });
  }

  /** Writes something and takes it back, in a transaction like any other: fails when a commit would. */
  ping(): Fault | undefined {
    return this.guarded(() => {
      this.transaction(({ connection }) => {
        connection.exec('INSERT INTO probe VALUES (zeroblob(8192))');
        connection.exec('DELETE FROM probe');
      });
    });
  }

  /** Looks whether another connection has committed since the last transaction. */
  check(): Fault | undefined {
    return this.guarded(() => this.notice(this.file.get()));
  }

  /** Whether another connection has committed; asking forgets it. */
  takeForeign(): boolean {
    const { foreign } = this;
    this.foreign = false;
    return foreign;
  }

  private write(batches: readonly BatchRows[], now: number): (number[] | Fault)[] {
    try {
      return this.transaction((open) => this.apply(open, batches, now));
    } catch (error) {
      // Nothing of it was written, and now everything is looked up.
      if (error instanceof WrongAssumption) return this.write(batches, now);
      const fault = toFault(error);
      // One commit that SQLite refuses, say for its size, must not take its neighbours with it. What may have been
      // written is not written again.
      const alone = fault.reason === 'unknown' && batches.length > 1 && !(error instanceof UncertainFault);
      if (alone) return batches.flatMap((batch) => this.write([batch], now));
      return batches.map(() => fault);
    }
  }

  private apply(open: Open, batches: readonly BatchRows[], now: number): (number[] | Fault)[] {
    const assume = this.careful === 0;
    if (!assume) this.careful--;
    try {
      learn(open, batches, assume);
      const answers = batches.map((batch) => applyBatch(open, batch, now));
      // Not written as new: a commit was refused for another reason, and its answer may not rest on a guess.
      if (!open.streams.confirmed() || !open.records.confirmed()) throw new WrongAssumption();
      this.sweep(open, now);
      open.streams.flush();
      open.records.flush(now);
      open.commitIds.flush();
      return answers;
    } catch (error) {
      if (!assume || !(error instanceof WrongAssumption || isConstraint(error))) throw error;
      this.careful = CAREFUL;
      throw new WrongAssumption();
    }
  }

  private transaction<T>(work: (open: Open) => T): T {
    const open = this.file.get();
    try {
      this.begin(open);
      const result = work(open);
      keepNumbers(open);
      this.end(open);
      open.streams.trim();
      open.records.trim();
      return result;
    } catch (error) {
      this.abandon(open, error);
      throw error;
    }
  }

  private end({ connection }: Open): void {
    try {
      connection.exec('COMMIT');
    } catch (error) {
      const fault = toFault(error);
      // The write-ahead log may hold all of it although the disk has not confirmed that: it may come back.
      throw fault.reason === 'unknown' ? new UncertainFault(fault.detail) : error;
    }
  }

  private begin(open: Open): void {
    const deadline = performance.now() + this.settings.lockTimeout;
    for (let attempt = 0; ; attempt++) {
      try {
        open.connection.exec('BEGIN IMMEDIATE');
        break;
      } catch (error) {
        if (!isBusy(error)) throw error;
        if (performance.now() >= deadline) {
          throw new StoreFault('locked', `no lock within ${this.settings.lockTimeout} ms`);
        }
        // SQLite's own waiting grows to 100 ms steps; a transaction of ours takes about one.
        pause(Math.min(5, 0.2 * 2 ** Math.min(attempt, 6)) * (0.5 + Math.random()));
      }
    }
    this.file.assertSameFile();
    this.notice(open);
  }

  /** Another connection has written: what is known may be wrong. */
  private notice(open: Open): void {
    const dataVersion = Number(open.dataVersion.first([])?.[0]);
    if (dataVersion === this.knownDataVersion) return;
    this.foreign ||= this.knownDataVersion !== -1;
    this.knownDataVersion = dataVersion;
    this.load(open);
  }

  private load(open: Open): void {
    open.streams.reset();
    open.records.reset();
    open.commitIds.reset();
    const [position, stream, record] = open.readCounters.first([]) ?? [];
    open.streams.lastPosition = Number(position ?? 0);
    open.streams.lastStream = Number(stream ?? 0);
    open.records.lastRecord = Number(record ?? 0);
  }

  /** Leaves nothing of a failed transaction behind, in the file or in memory. */
  private abandon(open: Open, error: unknown): void {
    try {
      open.connection.exec('ROLLBACK');
    } catch {
      // SQLite has rolled back by itself, as it does when the disk is full.
    }
    this.knownDataVersion = -1;
    open.streams.reset();
    open.records.reset();
    open.commitIds.reset();
    const { reason } = toFault(error);
    if (reason === 'disk-full' || reason === 'locked') return;
    if (!(error instanceof WrongAssumption)) this.file.drop();
    // Neither a new connection nor one that forgot can tell what was committed before.
    this.foreign = true;
  }

  private sweep({ records, commitIds }: Open, now: number): void {
    if (now - this.sweptAt < SWEEP_EVERY) return;
    this.sweptAt = now;
    records.sweep(now);
    commitIds.sweep(now);
  }

  private guarded(work: () => void): Fault | undefined {
    try {
      work();
      return undefined;
    } catch (error) {
      return toFault(error);
    }
  }
}

function prepare(connection: Connection): Open {
  return {
    connection,
    streams: new StreamTable(connection),
    records: new RecordTable(connection),
    commitIds: new CommitIds(connection),
    conditions: new ConditionCheck(connection),
    readCounters: connection.prepare(`SELECT ${LAST.position}, ${LAST.stream}, ${LAST.record} FROM counters`),
    writeCounters: connection.prepare('UPDATE counters SET last_position = ?, last_stream = ?, last_record = ?'),
    dataVersion: connection.prepare('PRAGMA data_version'),
  };
}

/** See {@link LAST}. */
function keepNumbers({ streams, records, writeCounters }: Open): void {
  if (!streams.removed && !records.removed) return;
  writeCounters.run([streams.lastPosition, streams.lastStream, records.lastRecord]);
  streams.removed = records.removed = false;
}

const sleeper = new Int32Array(new SharedArrayBuffer(4));

/** Waits without using the processor. In a worker, where nothing else waits for this thread. */
function pause(milliseconds: number): void {
  Atomics.wait(sleeper, 0, 0, milliseconds);
}
