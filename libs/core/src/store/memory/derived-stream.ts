import type { DerivedRecord, EventShape, StoredRecord, StreamPayloads } from '../store.js';
import { CellArena } from './cell-arena.js';
import { ItemList, LONGEST } from './item-list.js';
import type { CollectionEntry } from './memory-record.js';
import { CELLS, MemoryStream, UNBOUNDED, type FrozenStream, type StreamHome } from './memory-stream.js';
import { OPEN } from './stream-life.js';

/** Most cells of a stream that shares its array with others. */
const LARGEST_BLOCK = 8_192;
/** Cells for the items of lists in such a block, per event: most steps have few arguments. */
const ITEMS = 1;

/** The collection of the records that follow from streams, as their home knows it. */
export interface DerivedRecords {
  readonly isListed: boolean;
  mayHave(keyHash: number): boolean;
  derived(key: string): DerivedStream | undefined;
  allDerived(): Iterable<DerivedStream>;
  addDerived(stream: DerivedStream): void;
  removeDerived(stream: DerivedStream): void;
}

/** What all streams of one store share whose records follow in the same way. */
export interface DerivedHome extends StreamHome {
  readonly record: DerivedRecord;
  /** Of the records. */
  readonly collection: DerivedRecords;
  /** See `hashOf`, of what all keys begin with. */
  readonly prefixHash: number;
  /** By the events that they have room for. */
  readonly arenas: CellArena[];
  /** Streams whose writer has removed them, with their blocks, by the events that they have room for. */
  readonly spares: DerivedStream[][];
}

/** Cells of the streams of one size that wait to be used again, at most. */
const MOST_SPARE = 65_536;

/** What is left of a stream that has given its block back. */
const NOTHING: unknown[] = [];
Object.freeze(NOTHING);

/**
 * A stream and the record that follows from it, in one object: all that is kept of most process runs.
 *
 * Where as many go as come, a new one is an old one used again, see {@link spare}: the garbage collector would copy each
 * of them twice before it counts as old, only to have to find it dead again soon after.
 */
export class DerivedStream extends MemoryStream implements CollectionEntry {
  /** False once the record was written: then it stands for itself. */
  derivesRecord = true;
  /** Where the cells of its events begin, in an array that others use, too, while {@link arena} is there. */
  private base = 0;
  /** Where they end. Items of lists are put in front of it, and {@link end} in front of those. */
  private blockEnd = 0;
  private arena: CellArena | undefined;
  /** See {@link DerivedRecord.own}. */
  private own: unknown;

  private constructor(
    /** The key behind the prefix. */
    private ownKey: string,
    /** See `hashOf`, of the whole key. */
    public keyHash: number,
    /** Number of the record in the order of creation. */
    public sequence: number,
    override readonly home: DerivedHome,
    private readonly room: number,
  ) {
    super(home, NOTHING);
    const arena = (this.arena = arenaFor(home, room));
    this.end = 0;
    if (arena === undefined) return;
    this.base = this.next = arena.take();
    this.cells = arena.taken;
    this.end = this.blockEnd = this.base + arena.size;
  }

  /** A stream without events. */
  static open(ownKey: string, keyHash: number, sequence: number, home: DerivedHome, room: number): DerivedStream {
    const spare = home.spares[room]?.pop();
    if (spare === undefined) return new DerivedStream(ownKey, keyHash, sequence, home, room);
    spare.ownKey = ownKey;
    spare.keyHash = keyHash;
    spare.sequence = sequence;
    spare.life = OPEN;
    return spare;
  }

  override add(shape: EventShape, at: number, data: unknown): void {
    if (this.version > 0) return super.add(shape, at, data);
    const { record } = this;
    this.own = record.own?.(shape);
    super.add(record.common?.(shape) ?? shape, at, data);
  }

  /** The items go beside the events, so that no list is kept. */
  override addList(shape: EventShape, at: number, items: readonly unknown[]): void {
    const { length } = items;
    const first = this.end - length;
    // Also where there is no block: then there is no end, or no room in front of it.
    if (length > LONGEST || first < this.next + CELLS || this.arena === undefined) return this.add(shape, at, items);
    const { cells, home } = this;
    for (let index = 0; index < length; index++) cells[first + index] = home.payloads.take(items[index]);
    this.end = first;
    this.append(shape, at, ItemList.of(this.blockEnd - first, length), 1);
  }

  /** The item is the data of the event, whose position is negative: that makes it a list. */
  override addOne(shape: EventShape, at: number, item: unknown): void {
    if (this.next + CELLS > this.end || this.arena === undefined) return this.add(shape, at, [item]);
    this.append(shape, at, this.home.payloads.take(item), -1);
  }

  override payloadsFrom(from: number): StreamPayloads | undefined {
    this.leaveArena();
    return super.payloadsFrom(from);
  }

  override freeze(): FrozenStream {
    this.leaveArena();
    return super.freeze();
  }

  override positionOf(version: number): number {
    return Math.abs(super.positionOf(version));
  }

  override truncate(gone: number): void {
    this.leaveArena();
    super.truncate(gone);
  }

  override dropped(unseen: boolean): void {
    if (!unseen || !this.spare()) this.leaveBlock();
  }

  /** Lets another stream have this object, with its block. Answers false when enough of them wait for that. */
  private spare(): boolean {
    const { arena, cells, base, next, end, home, room } = this;
    const spares = (home.spares[room] ??= []);
    if (arena === undefined || spares.length * arena.size >= MOST_SPARE) return false;
    // Only what the application has given: the rest is small, and will be written over.
    for (let cell = base + 1; cell < next; cell += CELLS) cells[cell] = undefined;
    for (let cell = end; cell < this.blockEnd; cell++) cells[cell] = undefined;
    this.next = base;
    this.end = this.blockEnd;
    this.version = 0;
    this.own = undefined;
    spares.push(this);
    return true;
  }

  private leaveBlock(): void {
    const { arena, cells, base } = this;
    if (arena === undefined) return;
    this.arena = undefined;
    this.cells = NOTHING;
    this.base = this.next = this.end = 0;
    arena.give(cells, base);
  }

  override shapeOf(version: number): EventShape {
    const shape = super.shapeOf(version);
    return version === 1 ? (this.record.first?.(shape, this.own, this.ownKey) ?? shape) : shape;
  }

  protected override dataOf(version: number): unknown {
    const data = super.dataOf(version);
    if (data instanceof ItemList) return this.itemsOf(data);
    return super.positionOf(version) < 0 ? [data] : data;
  }

  protected override cellOf(version: number): number {
    return this.base + super.cellOf(version);
  }

  protected override makeRoom(): void {
    this.leaveArena();
  }

  private itemsOf({ from, length }: ItemList): unknown[] {
    const first = this.blockEnd - from;
    return this.cells.slice(first, first + length);
  }

  /** From now on the stream has an array of its own: it has become longer than expected, or somebody wants all of it. */
  private leaveArena(): void {
    if (this.end === UNBOUNDED) return;
    const { base, next } = this;
    const own = this.cells.slice(base, this.end);
    for (let cell = 1; cell < own.length; cell += CELLS) {
      const data = own[cell];
      if (data instanceof ItemList) own[cell] = this.itemsOf(data);
      const position = own[cell + 2] as number;
      if (position > 0) continue;
      own[cell] = [data];
      own[cell + 2] = -position;
    }
    this.leaveBlock();
    this.cells = own;
    this.next = next - base;
    this.end = UNBOUNDED;
  }

  /** Put together when asked for, like {@link name}: it would be as large as what it is made of. */
  get key(): string {
    return this.record.keyPrefix + this.ownKey;
  }

  get record(): DerivedRecord {
    return this.home.record;
  }

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

function arenaFor({ arenas }: DerivedHome, room: number): CellArena | undefined {
  const size = room * (CELLS + ITEMS);
  return size > LARGEST_BLOCK ? undefined : (arenas[room] ??= new CellArena(size));
}
