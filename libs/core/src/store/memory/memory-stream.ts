import type { DirectStream, EventShape, NewEvent, ReadStreamOptions, StoredEvent, StreamPayloads } from '../store.js';
import type { ImageEvent } from './image-row.js';
import type { LoggedStream } from './log-walk.js';
import type { MemoryLog } from './memory-log.js';
import type { PayloadPolicy } from './payload-policy.js';
import type { ShapeCache } from './shape-cache.js';
import { OPEN, type StreamLife } from './stream-life.js';

/** What all streams of one store share. */
export interface StreamHome {
  readonly log: MemoryLog;
  readonly payloads: PayloadPolicy;
  readonly shapes: ShapeCache;
  /** Times are kept as the distance to this one, milliseconds since 1970: a small integer takes no memory of its own. */
  readonly epoch: number;
  /** The time of an event that has none of its own. */
  now(): number;
  /** Takes a stream out of the store that its writer will not push to any more. */
  letGo(stream: MemoryStream): void;
}

/** A time that is no whole number of milliseconds from the epoch. */
class OddTime {
  constructor(readonly at: number) {}
}

/** Shape, data, time, position. */
export const CELLS = 4;

/** Where an array of the stream's own ends. */
export const UNBOUNDED = 2 ** 30;

/** The events of one stream in memory. It is its own {@link DirectStream}. */
export abstract class MemoryStream implements DirectStream, LoggedStream {
  life: StreamLife = OPEN;
  version = 0;
  /** The first cell of the next event. */
  protected next = 0;
  /** Behind the last cell that an event may use. */
  protected end = UNBOUNDED;

  constructor(
    protected readonly home: StreamHome,
    /** Four cells for each event, one array for all: memory keeps many events, and each object costs as much as its fields. */
    protected cells: unknown[],
  ) {}

  abstract readonly name: string;
  abstract readonly derivesRecord: boolean;
  abstract readonly collection: string | undefined;

  push(event: NewEvent): void {
    const { home } = this;
    if (this.next + CELLS > this.end) this.makeRoom();
    this.append(home.shapes.shapeOf(event), event.at ?? home.now(), home.payloads.take(event.data), 1);
  }

  add(shape: EventShape, at: number, data: unknown): void {
    if (this.next + CELLS > this.end) this.makeRoom();
    this.append(shape, at, this.home.payloads.take(data), 1);
  }

  addList(shape: EventShape, at: number, items: readonly unknown[]): void {
    this.add(shape, at, items);
  }

  addOne(shape: EventShape, at: number, item: unknown): void {
    this.add(shape, at, [item]);
  }

  remove(): void {
    this.home.letGo(this);
  }

  /**
   * Called when the stream is no longer in the store.
   *
   * @param unseen nobody has it in hand any more
   */
  dropped(_unseen: boolean): void {}

  /** Removes the events up to this version. */
  truncate(gone: number): void {
    // A new array: views of the old one are still read.
    const removed = (gone - this.life.gone) * CELLS;
    this.cells = this.cells.slice(removed);
    this.next -= removed;
    this.life = { ...this.life, gone };
  }

  positionOf(version: number): number {
    return this.cells[this.cellOf(version) + 3] as number;
  }

  /** The event as a reader sees it; made on every read, so that an append makes nothing. */
  at(version: number): StoredEvent {
    const { payloads } = this.home;
    const { type, metadata, tags } = this.shapeOf(version);
    const { name: stream } = this;
    const position = this.positionOf(version);
    const data = payloads.give(this.dataOf(version));
    const at = this.timeOf(version);
    // Written out: a spread would make each of the many events of a read twice.
    if (tags !== undefined && tags.length > 0) {
      const own = [...tags];
      if (metadata === undefined) return { stream, version, position, type, data, at, tags: own };
      return { stream, version, position, type, data, at, metadata: payloads.give(metadata), tags: own };
    }
    if (metadata === undefined) return { stream, version, position, type, data, at };
    return { stream, version, position, type, data, at, metadata: payloads.give(metadata) };
  }

  /** Events as {@link ReadStreamOptions} asks for them. */
  read(options: ReadStreamOptions = {}): StoredEvent[] {
    const { limit = Number.POSITIVE_INFINITY, direction } = options;
    const { version: last, life } = this;
    const events: StoredEvent[] = [];
    if (life.state === 'deleted') return events;
    const backward = direction === 'backward';
    const [low = 1, high = last] = backward ? [options.to, options.from] : [options.from, options.to];
    const first = Math.max(low, life.gone + 1);
    const end = Math.min(high, last);
    for (let step = 0; step <= end - first && events.length < limit; step++) {
      const version = backward ? end - step : first + step;
      if (happened(this.timeOf(version), options)) events.push(this.at(version));
    }
    return events;
  }

  /** The stream as it is now; what is done to it later is not seen there. */
  freeze(): FrozenStream {
    const { name, version, life, cells, home } = this;
    return new FrozenStream(name, version, life, cells, this.cellOf(life.gone + 1), home.epoch);
  }

  /** Adds events of an image behind the ones that are there. */
  restore(events: readonly ImageEvent[]): void {
    const { home, cells } = this;
    for (const [type, data, at, position, tags, metadata] of events) {
      const shape = home.shapes.shapeOf({ type, data, metadata, ...(isGiven(tags) && { tags }) });
      const cell = this.next;
      this.next += CELLS;
      this.version++;
      cells[cell] = shape;
      cells[cell + 1] = data;
      cells[cell + 2] = ageOf(at, at - home.epoch);
      cells[cell + 3] = position;
    }
  }

  /** See `Store.readPayloads`. */
  payloadsFrom(from: number): StreamPayloads | undefined {
    const { cells, life } = this;
    const version = Math.max(from, life.gone + 1);
    if (life.state === 'deleted' || version > this.version) return undefined;
    return new StreamView(cells, this.cellOf(version), this.version - version + 1, version, this.home.epoch);
  }

  shapeOf(version: number): EventShape {
    return this.cells[this.cellOf(version)] as EventShape;
  }

  protected timeOf(version: number): number {
    return timeIn(this.cells, this.cellOf(version), this.home.epoch);
  }

  protected dataOf(version: number): unknown {
    return this.cells[this.cellOf(version) + 1];
  }

  /** The first cell of an event. */
  protected cellOf(version: number): number {
    return (version - 1 - this.life.gone) * CELLS;
  }

  /** Called when the next event does not fit in front of {@link end}. */
  protected makeRoom(): void {}

  /**
   * Only where there is room. Few words: V8 gives a caller only so many that it puts in the place of calls.
   *
   * @param sign -1: the position is kept as a negative number, for whoever wants to mark the event so
   */
  protected append(shape: EventShape, at: number, data: unknown, sign: 1 | -1): void {
    const { cells, next, home } = this;
    const { log } = home;
    const age = at - home.epoch;
    cells[next] = shape;
    cells[next + 1] = data;
    cells[next + 2] = age === (age | 0) ? age | 0 : ageOf(at, age);
    cells[next + 3] = sign * ++log.last;
    this.next = next + CELLS;
    this.version++;
    if (log.watched) log.appended(this);
  }
}

/** What is kept of a time: the distance to the epoch. */
function ageOf(at: number, age: number): number | OddTime {
  return Number.isInteger(at) ? age : new OddTime(at);
}

/** The events of a stream from a version on, as they are now. Events are only ever added to its array. */
class StreamView implements StreamPayloads {
  constructor(
    readonly cells: readonly unknown[],
    /** Of the first event; its data comes behind it. */
    private readonly first: number,
    readonly length: number,
    readonly version: number,
    private readonly epoch: number,
  ) {}

  get position(): number {
    return this.cells[this.first + 3] as number;
  }

  get start(): number {
    return this.first + 1;
  }

  get step(): number {
    return CELLS;
  }

  at(index: number): unknown {
    return this.cells[this.first + index * CELLS + 1];
  }

  timeOf(index: number): number {
    return timeIn(this.cells, this.first + index * CELLS, this.epoch);
  }
}

/** A stream as it was at one moment. Events are only ever added to its array, and a truncation makes another one. */
export class FrozenStream {
  constructor(
    readonly name: string,
    readonly version: number,
    readonly life: StreamLife,
    private readonly cells: readonly unknown[],
    /** Where its first event is. */
    private readonly start: number,
    private readonly epoch: number,
  ) {}

  /** The event as it is kept, for an image. */
  imageOf(version: number): ImageEvent {
    const { cells } = this;
    const cell = this.start + (version - 1 - this.life.gone) * CELLS;
    const { type, metadata, tags } = cells[cell] as EventShape;
    const event = [type, cells[cell + 1], timeIn(cells, cell, this.epoch), cells[cell + 3] as number] as const;
    if (metadata !== undefined) return [...event, tags ?? null, metadata];
    return tags === undefined ? event : [...event, tags];
  }
}

function timeIn(cells: readonly unknown[], cell: number, epoch: number): number {
  const time = cells[cell + 2] as number | OddTime;
  return typeof time === 'number' ? epoch + time : time.at;
}

function isGiven<T>(value: T | null | undefined): value is T {
  return value !== null && value !== undefined;
}

function happened(at: number, { since, until }: ReadStreamOptions): boolean {
  return (since === undefined || at >= since) && (until === undefined || at <= until);
}

/** A stream like any other: what it has to do with records is its writer's business. */
export class NamedStream extends MemoryStream {
  constructor(
    readonly name: string,
    home: StreamHome,
  ) {
    super(home, []);
  }

  get derivesRecord(): boolean {
    return false;
  }

  get collection(): undefined {
    return undefined;
  }
}
