import { readRecordCursor, writeRecordCursor } from '../record-cursor.js';
import type { RecordPage, RecordQuery, RecordWrite, StoredRecord } from '../store.js';
import { RecordConflictError } from '../store.errors.js';
import type { DerivedStream } from './derived-stream.js';
import { KeyTable } from './key-table.js';
import { MemoryRecord, type CollectionEntry } from './memory-record.js';
import type { PayloadPolicy } from './payload-policy.js';
import { RecordIndex } from './record-index.js';

const FIRST_SWEEP = 1_000;

/** The records of one collection. Reads and writes by key need the map only; see {@link RecordIndex} for the rest. */
export class MemoryCollection {
  private readonly records = new KeyTable<MemoryRecord | DerivedStream>(({ key }) => key);
  private readonly expiring = new Set<MemoryRecord>();
  private sweepAt = FIRST_SWEEP;
  private index: RecordIndex | undefined;

  constructor(
    private readonly name: string,
    private readonly payloads: PayloadPolicy,
    /** Told of a stream whose record was written and no longer follows from it. */
    private readonly parted: (stream: DerivedStream) => void = () => {},
  ) {}

  /** Records in memory, those included that have expired and were not yet dropped. */
  get size(): number {
    return this.records.size;
  }

  /** A list of the records exists, and holds those that were removed, too. */
  get isListed(): boolean {
    return this.index?.isListed === true;
  }

  /** Version of the record; 0 when there is none or it has expired. */
  version(key: string, now: number): number {
    const record = this.records.get(key);
    return record === undefined || record.isExpired(now) ? 0 : record.recordVersion;
  }

  /** False when there is no record, expired or not, whose key has this hash. */
  mayHave(keyHash: number): boolean {
    return this.records.mayHave(keyHash);
  }

  /** What is kept under a key, expired or not. */
  entry(key: string): CollectionEntry | undefined {
    return this.records.get(key);
  }

  read(key: string, now: number): StoredRecord | undefined {
    const record = this.records.get(key);
    return record === undefined || record.isExpired(now) ? undefined : record.toStored(this.payloads);
  }

  /**
   * Writes or deletes. Returns the record's new version, 0 when it is gone.
   *
   * @throws {RecordConflictError} when `ifVersion` does not hold; nothing is changed then.
   */
  write(write: RecordWrite, now: number, sequence: number): number {
    const found = this.records.get(write.key);
    if (write.ifVersion !== undefined) this.check(write, found, now);
    let record = found === undefined || found instanceof MemoryRecord ? found : this.part(found);
    if (record !== undefined && (write.value === undefined || record.isExpired(now))) {
      this.remove(record);
      record = undefined;
    }
    if (write.value === undefined) return 0;
    if (record === undefined) {
      record = new MemoryRecord(this.name, write.key, sequence, write, now, this.payloads);
      this.records.add(record);
      this.index?.add(record);
    } else {
      this.index?.unfile(record);
      record.fill(write, now, this.payloads);
      record.recordVersion++;
      this.index?.file(record);
    }
    if (record.expiresAt !== undefined || this.expiring.size > 0) this.noteExpiry(record, now);
    return record.recordVersion;
  }

  /** All records in the order of creation, expired ones included. */
  all(): Iterable<MemoryRecord | DerivedStream> {
    return this.records.all();
  }

  /** Adds a record of an image, the youngest so far. */
  restore(record: MemoryRecord): void {
    this.records.add(record);
    if (record.expiresAt !== undefined) this.expiring.add(record);
  }

  /** Adds a record that follows from its stream. There must be none under its key. */
  addDerived(stream: DerivedStream): void {
    this.records.add(stream, stream.keyHash);
    this.index?.addDerived(stream);
  }

  /** The stream from which the record of this key follows. */
  derived(key: string): DerivedStream | undefined {
    const record = this.records.get(key);
    return record === undefined || record instanceof MemoryRecord ? undefined : record;
  }

  /** Lets the record of a stream outlive it. */
  keep(stream: DerivedStream): void {
    if (stream.derivesRecord) this.part(stream);
  }

  /** Every stream from which a record follows. */
  *allDerived(): Iterable<DerivedStream> {
    for (const record of this.records.all()) if (!(record instanceof MemoryRecord)) yield record;
  }

  /** Forgets a stream that was removed, and with it its record. */
  removeDerived(stream: DerivedStream): void {
    this.records.remove(stream, stream.keyHash);
    this.index?.removeDerived();
  }

  find(query: RecordQuery, now: number): RecordPage {
    const { order = 'oldest', limit = 100 } = query;
    this.index ??= new RecordIndex(() => this.records.all());
    const records: StoredRecord[] = [];
    let last: CollectionEntry | undefined;
    for (const record of this.index.walk(query, readRecordCursor(query))) {
      if (record.isExpired(now)) continue;
      // One more than asked for exists: only then there is a next page.
      if (records.length >= limit) return last === undefined ? { records } : { records, cursor: cursorAt(last, order) };
      records.push(record.toStored(this.payloads));
      last = record;
    }
    return { records };
  }

  /** Makes a record that follows from its stream one like any other, in its place. */
  private part(stream: DerivedStream): MemoryRecord {
    const { value, tags, recordVersion } = stream;
    const write: RecordWrite = { collection: this.name, key: stream.key, value, tags };
    const record = new MemoryRecord(this.name, stream.key, stream.sequence, write, stream.createdAt, this.payloads);
    record.recordVersion = recordVersion;
    this.records.replace(record);
    this.index?.replaceDerived(stream, record);
    stream.part();
    this.parted(stream);
    return record;
  }

  private check({ key, ifVersion = 0 }: RecordWrite, record: CollectionEntry | undefined, now: number): void {
    const actual = record === undefined || record.isExpired(now) ? 0 : record.recordVersion;
    if (actual !== ifVersion) throw new RecordConflictError(this.name, key, ifVersion, actual);
  }

  private remove(record: MemoryRecord): void {
    record.removed = true;
    this.records.delete(record.key);
    this.expiring.delete(record);
    this.index?.remove(record);
  }

  /** Expired records leave when their number may have doubled since the last look: constant cost a write. */
  private noteExpiry(record: MemoryRecord, now: number): void {
    if (record.expiresAt === undefined) {
      this.expiring.delete(record);
      return;
    }
    this.expiring.add(record);
    if (this.expiring.size < this.sweepAt) return;
    for (const candidate of this.expiring) if (candidate.isExpired(now)) this.remove(candidate);
    this.sweepAt = Math.max(FIRST_SWEEP, this.expiring.size * 2);
  }
}

function cursorAt(record: CollectionEntry, order: NonNullable<RecordQuery['order']>): string {
  return writeRecordCursor(order, { sequence: record.sequence, dueAt: record.dueAt ?? 0 });
}
