import type { RecordPlace } from '../record-cursor.js';
import type { RecordQuery } from '../store.js';
import type { DerivedStream } from './derived-stream.js';
import { MemoryRecord, type CollectionEntry } from './memory-record.js';

/**
 * Finds records by order, tag and due time. Made by the first query of a collection, and each of its three parts by the
 * first query that needs it: a collection that nobody queries is written without any of this.
 */
export class RecordIndex {
  /**
   * In the order of creation; removed ones stay until they are half of it. Then it is thrown away, unless somebody has
   * used it since: a collection that comes and goes unasked must not be kept twice.
   */
  private created: CollectionEntry[] | undefined;
  private used = true;
  /** Records that follow from their stream: their tags change without anybody telling, so they are not filed. */
  private derived = 0;
  private removed = 0;
  private byTag: Map<string, Set<MemoryRecord>> | undefined;
  private due: Set<MemoryRecord> | undefined;
  /** No record is due before this time; may be too early, never too late. "Is anything due?" mostly ends here. */
  private earliest = Number.POSITIVE_INFINITY;

  /** @param records all of the collection, in the order of creation */
  constructor(private readonly records: () => Iterable<CollectionEntry>) {
    for (const record of this.entries()) if (!(record instanceof MemoryRecord)) this.derived++;
  }

  get isListed(): boolean {
    return this.created !== undefined;
  }

  add(record: MemoryRecord): void {
    this.created?.push(record);
    this.file(record);
  }

  addDerived(stream: DerivedStream): void {
    this.created?.push(stream);
    this.derived++;
  }

  /** To be called after a stream was removed with its record. */
  removeDerived(): void {
    this.derived--;
    this.sweep();
  }

  /** The record of a stream stands for itself from now on, in its place. */
  replaceDerived(stream: DerivedStream, record: MemoryRecord): void {
    if (this.created) this.created[beside(this.created, stream.sequence - 1, 1)] = record;
    this.derived--;
    this.file(record);
  }

  remove(record: MemoryRecord): void {
    this.unfile(record);
    this.sweep();
  }

  private sweep(): void {
    if (this.created === undefined || ++this.removed * 2 <= this.created.length) return;
    this.created = this.used ? this.created.filter((kept) => !kept.removed) : undefined;
    this.used = false;
    this.removed = 0;
  }

  private entries(): CollectionEntry[] {
    this.used = true;
    return (this.created ??= [...this.records()]);
  }

  /** Files a record under its tags and due time. */
  file(record: MemoryRecord): void {
    if (this.byTag !== undefined) for (const tag of record.tags) fileUnder(this.byTag, tag, record);
    if (this.due !== undefined && record.dueAt !== undefined) {
      this.due.add(record);
      if (record.dueAt < this.earliest) this.earliest = record.dueAt;
    }
  }

  /** Takes a record out from under its tags and due time. To be called before they change. */
  unfile(record: MemoryRecord): void {
    this.due?.delete(record);
    if (this.byTag === undefined) return;
    for (const tag of record.tags) {
      const tagged = this.byTag.get(tag);
      if (tagged?.delete(record) === true && tagged.size === 0) this.byTag.delete(tag);
    }
  }

  /** The matching records after `place`, in the order of the query. Says nothing about expiry. */
  walk(query: RecordQuery, place: RecordPlace | undefined): Iterable<CollectionEntry> {
    const { tags = [], order = 'oldest' } = query;
    const usesDue = order === 'due' || query.dueBefore !== undefined;
    const matches = matcher(query, order, place);
    if (usesDue) return sorted(this.dueRecords(query.dueBefore), matches, order);
    if (tags.length > 0 && this.derived === 0) {
      const tagged = this.rarest(tags);
      // Sorting many costs more than passing over some.
      if (tagged.size * 8 < this.entries().length || tagged.size < 64) return sorted(tagged, matches, order);
    }
    return this.inOrder(matches, order, place);
  }

  private *inOrder(
    matches: (record: CollectionEntry) => boolean,
    order: string,
    place: RecordPlace | undefined,
  ): Iterable<CollectionEntry> {
    const created = this.entries();
    const step = order === 'newest' ? -1 : 1;
    const start = place === undefined ? (step > 0 ? 0 : created.length - 1) : beside(created, place.sequence, step);
    for (let index = start; index >= 0 && index < created.length; index += step) {
      const record = created[index] as CollectionEntry;
      if (!record.removed && matches(record)) yield record;
    }
  }

  private rarest(tags: readonly string[]): ReadonlySet<MemoryRecord> {
    const byTag = (this.byTag ??= this.fileTags());
    let rarest: ReadonlySet<MemoryRecord> | undefined;
    for (const tag of tags) {
      const tagged = byTag.get(tag) ?? none;
      if (rarest === undefined || tagged.size < rarest.size) rarest = tagged;
    }
    return rarest ?? none;
  }

  private fileTags(): Map<string, Set<MemoryRecord>> {
    const byTag = new Map<string, Set<MemoryRecord>>();
    for (const record of this.entries()) {
      if (record instanceof MemoryRecord && !record.removed)
        for (const tag of record.tags) fileUnder(byTag, tag, record);
    }
    return byTag;
  }

  private dueRecords(before = Number.POSITIVE_INFINITY): Iterable<MemoryRecord> {
    if (this.due === undefined) {
      this.due = new Set();
      for (const record of this.entries()) {
        if (record instanceof MemoryRecord && !record.removed && record.dueAt !== undefined) this.due.add(record);
      }
      this.earliest = Number.NEGATIVE_INFINITY;
    }
    if (before < this.earliest) return none;
    this.earliest = Number.POSITIVE_INFINITY;
    for (const { dueAt } of this.due) if ((dueAt as number) < this.earliest) this.earliest = dueAt as number;
    return this.due;
  }
}

const none: ReadonlySet<MemoryRecord> = new Set();

function fileUnder(byTag: Map<string, Set<MemoryRecord>>, tag: string, record: MemoryRecord): void {
  const tagged = byTag.get(tag);
  if (tagged === undefined) byTag.set(tag, new Set([record]));
  else tagged.add(record);
}

function matcher(
  query: RecordQuery,
  order: string,
  place: RecordPlace | undefined,
): (record: CollectionEntry) => boolean {
  const { tags = [], dueBefore, createdFrom, createdBefore } = query;
  return (record) =>
    (dueBefore === undefined || (record.dueAt !== undefined && record.dueAt <= dueBefore)) &&
    (createdFrom === undefined || record.createdAt >= createdFrom) &&
    (createdBefore === undefined || record.createdAt < createdBefore) &&
    (place === undefined || comesAfter(record, place, order)) &&
    tags.every((tag) => record.tags.includes(tag));
}

function comesAfter(record: CollectionEntry, place: RecordPlace, order: string): boolean {
  if (order === 'newest') return record.sequence < place.sequence;
  if (order === 'oldest') return record.sequence > place.sequence;
  const dueAt = record.dueAt as number;
  return dueAt > place.dueAt || (dueAt === place.dueAt && record.sequence > place.sequence);
}

function sorted(
  records: Iterable<MemoryRecord>,
  matches: (record: MemoryRecord) => boolean,
  order: string,
): MemoryRecord[] {
  const found: MemoryRecord[] = [];
  for (const record of records) if (matches(record)) found.push(record);
  if (order === 'newest') return found.sort((a, b) => b.sequence - a.sequence);
  if (order === 'oldest') return found.sort((a, b) => a.sequence - b.sequence);
  return found.sort((a, b) => (a.dueAt as number) - (b.dueAt as number) || a.sequence - b.sequence);
}

/** Index of the nearest record on the far side of a sequence number, in the direction of `step`. */
function beside(created: readonly CollectionEntry[], sequence: number, step: number): number {
  let low = 0;
  let high = created.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const at = (created[middle] as CollectionEntry).sequence;
    if (step > 0 ? at > sequence : at >= sequence) high = middle;
    else low = middle + 1;
  }
  return step > 0 ? low : low - 1;
}
