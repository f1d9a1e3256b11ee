import { RecordConflictError } from '../store.errors.js';
import type { RecordWrite } from '../store.js';
import type { DerivedStream } from './derived-stream.js';
import { MemoryCollection } from './memory-collection.js';
import type { PayloadPolicy } from './payload-policy.js';

/** All collections of a store. */
export class MemoryRecords {
  private readonly collections = new Map<string, MemoryCollection>();
  /** Records that were ever created, or tried to be. */
  created = 0;

  constructor(
    private readonly payloads: PayloadPolicy,
    /** Told of a stream whose record was written and no longer follows from it. */
    private readonly parted: (stream: DerivedStream) => void,
  ) {}

  /** Number of the next record in the order of creation. */
  nextSequence(): number {
    return ++this.created;
  }

  /** All collections by name, in which anything was ever kept. */
  all(): Iterable<readonly [string, MemoryCollection]> {
    return this.collections;
  }

  /** The collection if anything was ever kept in it. */
  get(name: string): MemoryCollection | undefined {
    return this.collections.get(name);
  }

  collection(name: string): MemoryCollection {
    let collection = this.collections.get(name);
    if (collection === undefined) {
      collection = new MemoryCollection(name, this.payloads, this.parted);
      this.collections.set(name, collection);
    }
    return collection;
  }

  /** Returns the record's new version. @throws {RecordConflictError} */
  write(write: RecordWrite, now: number): number {
    return this.collection(write.collection).write(write, now, ++this.created);
  }

  /** @throws {RecordConflictError} when one of the writes would fail, each after the ones before it */
  check(records: readonly RecordWrite[], now: number): void {
    if (records.every((write) => write.ifVersion === undefined)) return;
    const ahead = records.length > 1 ? new Map<string, number>() : undefined;
    for (const { collection, key, value, ifVersion } of records) {
      const name = ahead === undefined ? '' : JSON.stringify([collection, key]);
      const actual = ahead?.get(name) ?? this.collections.get(collection)?.version(key, now) ?? 0;
      if (ifVersion !== undefined && ifVersion !== actual) {
        throw new RecordConflictError(collection, key, ifVersion, actual);
      }
      ahead?.set(name, value === undefined ? 0 : actual + 1);
    }
  }
}
