import type { DerivedRecord, StoredRecord } from '../store.js';
import type { CollectionEntry } from './memory-record.js';
import { MemoryStream, type StreamHome } from './memory-stream.js';

/** What all streams of one store share whose records follow in the same way. */
export interface DerivedHome extends StreamHome {
  readonly record: DerivedRecord;
}

/** A stream and the record that follows from it, in one object: all that is kept of most process runs. */
export class DerivedStream extends MemoryStream implements CollectionEntry {
  /** False once the record was written: then it stands for itself. */
  derivesRecord = true;

  constructor(
    readonly key: string,
    /** Number of the record in the order of creation. */
    readonly sequence: number,
    protected override readonly home: DerivedHome,
    room: number,
  ) {
    super(home, room);
  }

  get record(): DerivedRecord {
    return this.home.record;
  }

  /** Put together when asked for: a name of its own for each stream would be as large as the key. */
  get name(): string {
    return this.record.streamPrefix + this.key;
  }

  get collection(): string | undefined {
    return this.derivesRecord ? this.record.collection : undefined;
  }

  get removed(): boolean {
    return this.life.removed;
  }

  get recordVersion(): number {
    return this.record.version(this.shapeOf(this.version));
  }

  get createdAt(): number {
    return this.timeOf(1);
  }

  get updatedAt(): number {
    return this.timeOf(this.recordVersion === 1 ? 1 : this.version);
  }

  get tags(): readonly string[] {
    return this.record.tags(this.shapeOf(1), this.shapeOf(this.version));
  }

  get value(): unknown {
    const { version } = this;
    return this.record.value(this.shapeOf(1), this.timeOf(1), this.shapeOf(version), this.timeOf(version));
  }

  get dueAt(): undefined {
    return undefined;
  }

  get expiresAt(): undefined {
    return undefined;
  }

  isExpired(): boolean {
    return false;
  }

  toStored(): StoredRecord {
    const { collection } = this.record;
    const { key, value, recordVersion: version, createdAt, updatedAt, tags } = this;
    return { collection, key, value, version, createdAt, updatedAt, tags: [...tags] };
  }

  /** From now on the record stands for itself. */
  part(): void {
    this.derivesRecord = false;
  }
}
