import type { RecordWrite, StoredRecord } from '../store.js';
import type { PayloadPolicy } from './payload-policy.js';

const noTags: readonly string[] = Object.freeze([]);

/** A record as its collection sees it. */
export interface CollectionEntry {
  readonly key: string;
  /** Number in the order of creation, over the whole store. */
  readonly sequence: number;
  readonly recordVersion: number;
  readonly createdAt: number;
  /** True once the record was removed; lists that still hold it pass over it. */
  readonly removed: boolean;
  readonly tags: readonly string[];
  readonly dueAt: number | undefined;
  readonly expiresAt: number | undefined;
  isExpired(now: number): boolean;
  toStored(payloads: PayloadPolicy): StoredRecord;
}

/** A record in memory. Changed in place, so that an update makes nothing; readers get a {@link StoredRecord} made for them. */
export class MemoryRecord implements CollectionEntry {
  recordVersion = 1;
  readonly createdAt: number;
  removed = false;
  value: unknown;
  updatedAt = 0;
  dueAt: number | undefined;
  tags: readonly string[] = noTags;
  expiresAt: number | undefined;

  constructor(
    readonly collection: string,
    readonly key: string,
    readonly sequence: number,
    write: RecordWrite,
    now: number,
    payloads: PayloadPolicy,
  ) {
    this.createdAt = now;
    this.fill(write, now, payloads);
  }

  fill(write: RecordWrite, now: number, payloads: PayloadPolicy): void {
    this.value = payloads.take(write.value);
    this.updatedAt = now;
    this.dueAt = write.dueAt;
    this.tags = write.tags === undefined || write.tags.length === 0 ? noTags : withoutDoubles(write.tags);
    this.expiresAt = write.expiresAt;
  }

  isExpired(now: number): boolean {
    return this.expiresAt !== undefined && this.expiresAt <= now;
  }

  toStored(payloads: PayloadPolicy): StoredRecord {
    const { collection, key, recordVersion: version, createdAt, updatedAt, dueAt, tags, expiresAt } = this;
    return {
      collection,
      key,
      value: payloads.give(this.value),
      version,
      createdAt,
      updatedAt,
      tags: [...tags],
      ...(dueAt === undefined ? undefined : { dueAt }),
      ...(expiresAt === undefined ? undefined : { expiresAt }),
    };
  }
}

/** A copy, never the caller's array: the indexes must find under the same tags what they filed. */
function withoutDoubles(tags: readonly string[]): readonly string[] {
  for (let index = 1; index < tags.length; index++) {
    if (tags.indexOf(tags[index] as string) !== index) return [...new Set(tags)];
  }
  return tags.slice();
}
