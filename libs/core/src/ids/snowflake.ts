import { coarseNow, InvalidOptionError } from '../foundation/index.js';
import { ClockRollbackError, IdsNotReadyError, WorkerIdLostError } from './ids.errors.js';

/** Ids of one millisecond of one worker. */
const SEQUENCES = 4096;
/** Worker ids: 0 to 1023. */
export const WORKER_IDS = 1024;
/** 2024-01-01T00:00:00Z; 41 bits of milliseconds last until 2093. */
const DEFAULT_EPOCH = 1_704_067_200_000;
/** Milliseconds that ids may run ahead of the clock when it goes back or a millisecond is full. */
const MAX_AHEAD = 5_000;

/** The times for which a worker id belongs to one generator: its ids lie after `after` and not beyond `until`. */
export interface WorkerRange {
  readonly workerId: number;
  /** Milliseconds since 1970; ids up to then may belong to a former owner. */
  readonly after: number;
  /** Milliseconds since 1970. Infinity for a configured worker id. */
  readonly until: number;
}

/** Options of {@link SnowflakeIds}. */
export interface SnowflakeOptions {
  /** 0 to 1023, different on every node that runs at the same time. Left out: none until `useRange` is called. */
  readonly workerId?: number | undefined;
  /** Milliseconds since 1970 from which times count. Never change it. Default 2024-01-01. */
  readonly epoch?: number | undefined;
  /** Where the time is read, in milliseconds since 1970. Default: the coarse clock. */
  readonly now?: (() => number) | undefined;
}

/**
 * 64-bit ids that sort by time: 41 bits of milliseconds, 10 bits of worker, 12 bits of sequence. Unique among all nodes
 * as long as each has a worker id of its own, which `CatgaModule` leases from the store. Injectable.
 *
 * A clock that goes back by up to 5 s, or more than 4,096 ids in a millisecond, borrow from the milliseconds ahead, so
 * ids never repeat and never go down.
 *
 * @example
 * ```ts
 * constructor(private readonly ids: SnowflakeIds) {}
 * const id = this.ids.nextText();   // '245768391023423488'
 * ```
 */
export class SnowflakeIds {
  private readonly epoch: number;
  private readonly now: () => number;
  private range: WorkerRange | undefined;
  private time = -1;
  private sequence = SEQUENCES;

  constructor(options: SnowflakeOptions = {}) {
    const { workerId, epoch = DEFAULT_EPOCH, now = coarseNow } = options;
    this.epoch = epoch;
    this.now = now;
    if (workerId !== undefined) {
      this.useRange({ workerId: assertWorkerId(workerId), after: 0, until: Number.POSITIVE_INFINITY });
    }
  }

  /** The worker id in use; undefined until there is one. */
  get workerId(): number | undefined {
    return this.range?.workerId;
  }

  /** The time of the latest id, in milliseconds since 1970; 0 before the first. */
  get latest(): number {
    return Math.max(this.time, 0);
  }

  /** Goes on with this worker id and these times; called when a lease was taken or renewed. */
  useRange(range: WorkerRange): void {
    const isOther = range.workerId !== this.range?.workerId;
    this.range = range;
    if (isOther && range.after > this.time) {
      // Whatever the former owner may have used is over.
      this.time = range.after;
      this.sequence = SEQUENCES;
    }
  }

  /**
   * The next id.
   *
   * @throws {ClockRollbackError} the clock is more than 5 s behind the last id
   * @throws {WorkerIdLostError} the lease of the worker id has run out
   * @throws {IdsNotReadyError} there is no worker id yet
   */
  next(): bigint {
    const { range } = this;
    if (range === undefined) throw new IdsNotReadyError();
    this.advance(range);
    return (BigInt(this.time - this.epoch) << 22n) | BigInt(range.workerId * SEQUENCES + this.sequence);
  }

  /** The next id as decimal text, see {@link next}. */
  nextText(): string {
    return this.next().toString();
  }

  private advance(range: WorkerRange): void {
    const now = this.now();
    let time = Math.max(now, this.time);
    let sequence = time === this.time ? this.sequence + 1 : 0;
    if (sequence >= SEQUENCES) {
      time++;
      sequence = 0;
    }
    if (time < this.epoch) throw new ClockRollbackError(this.epoch - time, 0);
    if (time - now > MAX_AHEAD) throw new ClockRollbackError(time - now, MAX_AHEAD);
    if (time > range.until) throw new WorkerIdLostError(range.workerId);
    this.time = time;
    this.sequence = sequence;
  }
}

/** @throws {InvalidOptionError} */
export function assertWorkerId(workerId: unknown): number {
  if (Number.isInteger(workerId) && (workerId as number) >= 0 && (workerId as number) < WORKER_IDS) {
    return workerId as number;
  }
  throw new InvalidOptionError('ids.workerId', workerId, `a whole number from 0 to ${WORKER_IDS - 1}`);
}
