import type { CommitNotifier } from '../commit-notifier.js';
import type { DerivedRecord, NewEvent, StreamAppend } from '../store.js';
import type { StreamChange, StreamState } from '../stream-state.js';
import { DerivedStream, type DerivedHome } from './derived-stream.js';
import type { ImageEvent } from './image-row.js';
import { hashOf, KeyTable } from './key-table.js';
import { MemoryLog } from './memory-log.js';
import type { MemoryRecords } from './memory-records.js';
import { NamedStream, type MemoryStream, type StreamHome } from './memory-stream.js';
import type { PayloadPolicy } from './payload-policy.js';
import { ShapeCache } from './shape-cache.js';
import { REMOVED } from './stream-life.js';

/** All streams of a store: those with a name of their own, and those that are found by their record. */
export class MemoryStreams {
  readonly log: MemoryLog;
  /** Those that commits made: they stay, and one look must find any of millions. */
  private readonly named = new Map<string, MemoryStream>();
  /** Those of one writer, and those that lost their record: they come and go with what they are the journal of. */
  private readonly passing = new KeyTable<MemoryStream>(({ name }) => name);
  /** Ways in which records follow from streams: each leads to more streams than the map above holds. */
  private readonly derivations = new Map<DerivedRecord, DerivedHome>();
  /** The one that was asked for last. */
  private lastHome: DerivedHome | undefined;
  private readonly home: StreamHome;
  /** True when a stream may be found by more than one look into {@link named}. */
  private elsewhere = false;

  constructor(
    private readonly records: MemoryRecords,
    private readonly notifier: CommitNotifier,
    payloads: PayloadPolicy,
    now: () => number,
  ) {
    this.log = new MemoryLog(() => this.all(), notifier);
    this.home = {
      log: this.log,
      shapes: new ShapeCache(payloads),
      payloads,
      epoch: Math.floor(now()),
      now,
      letGo: (stream) => this.drop(stream, true),
    };
  }

  find(stream: string): MemoryStream | undefined {
    const found = this.named.get(stream);
    return found === undefined && this.elsewhere ? this.findElsewhere(stream) : found;
  }

  private findElsewhere(stream: string): MemoryStream | undefined {
    const found = this.passing.get(stream);
    if (found !== undefined) return found;
    for (const { collection, record } of this.derivations.values()) {
      const { streamPrefix, keyPrefix } = record;
      if (!stream.startsWith(keyPrefix, streamPrefix.length) || !stream.startsWith(streamPrefix)) continue;
      const derived = collection.derived(stream.slice(streamPrefix.length));
      if (derived !== undefined) return derived;
    }
    return undefined;
  }

  /** Adds a stream that its one writer will push to. */
  createDirect(stream: string): MemoryStream {
    const created = new NamedStream(stream, this.home);
    this.pass(created);
    return created;
  }

  /**
   * A stream for a record that is about to be added. There must be neither yet.
   *
   * @param keyHash of the whole key
   */
  derive(ownKey: string, keyHash: number, home: DerivedHome, room: number): DerivedStream {
    const stream = DerivedStream.open(ownKey, keyHash, this.records.nextSequence(), home, room);
    if (this.notifier.listening) this.notifier.touchCollection(home.record.collection);
    return stream;
  }

  /** False when no stream can be there without the record that once followed from it. */
  get mayHaveLostRecords(): boolean {
    return this.named.size > 0 || this.passing.size > 0;
  }

  /** Version of the stream that such a record would follow from, if it is there without its record. */
  versionWithoutRecord(key: string, record: DerivedRecord): number {
    const name = record.streamPrefix + key;
    return (this.named.get(name) ?? this.passing.get(name))?.version ?? 0;
  }

  /** Keeps a stream whose record no longer follows from it. */
  keep(stream: DerivedStream): void {
    this.pass(stream);
  }

  /** Appends to a stream as {@link find} has found it; its new version. */
  append({ stream, events }: StreamAppend, found: MemoryStream | undefined): number {
    if (events.length === 0) return found?.version ?? 0;
    const target = found ?? this.create(stream);
    for (let index = 0; index < events.length; index++) target.push(events[index] as NewEvent);
    return target.version;
  }

  change({ stream, truncateBefore = 0, state }: StreamChange): void {
    const found = this.find(stream);
    if (found === undefined || found.version === 0) return;
    const gone = Math.min(truncateBefore - 1, found.version);
    if (gone > found.life.gone) this.truncate(found, gone);
    if (state !== undefined) found.life = { ...found.life, state };
    if (this.notifier.listening) this.notifier.touchStream(stream);
  }

  remove(stream: string): void {
    const found = this.find(stream);
    if (found === undefined) return;
    this.keepRecord(found);
    this.drop(found, false);
  }

  private create(stream: string): MemoryStream {
    const created = new NamedStream(stream, this.home);
    this.named.set(stream, created);
    return created;
  }

  private pass(stream: MemoryStream): void {
    this.passing.add(stream);
    this.elsewhere = true;
  }

  private truncate(stream: MemoryStream, gone: number): void {
    this.keepRecord(stream);
    const removed = gone - stream.life.gone;
    stream.truncate(gone);
    this.log.removed(removed);
  }

  /** Asked for the events, not for the record: that stays, and stands for itself. */
  private keepRecord(stream: MemoryStream): void {
    if (stream instanceof DerivedStream) this.records.collection(stream.record.collection).keep(stream);
  }

  /** @param byWriter nobody pushes to it any more */
  private drop(stream: MemoryStream, byWriter: boolean): void {
    if (stream.life.removed) return;
    const { listening } = this.notifier;
    let unseen = false;
    if (stream instanceof DerivedStream && stream.derivesRecord) {
      const { collection } = stream.home;
      collection.removeDerived(stream);
      unseen = byWriter && !collection.isListed && !this.log.isListed;
      if (listening) this.notifier.touchCollection(stream.record.collection);
    } else {
      if (this.named.get(stream.name) === stream) this.named.delete(stream.name);
      else this.passing.delete(stream.name);
    }
    const { gone } = stream.life;
    stream.life = gone === 0 ? REMOVED : { ...stream.life, removed: true };
    this.log.removed(stream.version - gone);
    if (listening) this.notifier.touchStream(stream.name);
    stream.dropped(unseen);
  }

  /** What all streams share whose records follow in this way. */
  homeOf(record: DerivedRecord): DerivedHome {
    if (this.lastHome?.record === record) return this.lastHome;
    return (this.lastHome = this.derivations.get(record) ?? this.addHome(record));
  }

  private addHome(record: DerivedRecord): DerivedHome {
    const collection = this.records.collection(record.collection);
    const prefixHash = hashOf(record.keyPrefix);
    const home: DerivedHome = { ...this.home, record, collection, prefixHash, arenas: [], spares: [] };
    this.derivations.set(record, home);
    this.elsewhere = true;
    return home;
  }

  /** Makes a stream of an image; its events follow. */
  restore(stream: string, gone: number, state: StreamState): void {
    const created = this.create(stream);
    created.version = gone;
    if (gone > 0 || state !== 'open') created.life = { ...created.life, gone, state };
  }

  restoreEvents(stream: string, events: readonly ImageEvent[]): void {
    this.named.get(stream)?.restore(events);
  }

  *all(): Iterable<MemoryStream> {
    yield* this.named.values();
    yield* this.passing.all();
    const collections = new Set(Array.from(this.derivations.values(), ({ collection }) => collection));
    for (const collection of collections) yield* collection.allDerived();
  }
}
