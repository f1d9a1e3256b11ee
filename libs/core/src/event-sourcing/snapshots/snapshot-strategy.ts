import { InvalidOptionError, toMilliseconds, type Duration } from '../../foundation/index.js';

/** What a strategy decides by, asked after a save. */
export interface SnapshotSituation {
  /** Version of the state. */
  readonly version: number;
  /** Events that the last snapshot does not hold; without one all of them. At least 1. */
  readonly events: number;
  /** Milliseconds since the oldest event that the last snapshot does not hold. */
  readonly age: number;
  /** Size of the events that the last snapshot does not hold; 0 unless the strategy says {@link SnapshotStrategy.needsBytes}. */
  readonly bytes: number;
}

/** Decides when a snapshot is written. Make one with {@link everyEvents}, {@link olderThan}, {@link largerThan} or of your own. */
export class SnapshotStrategy {
  /**
   * @param isDue asked after every save that stored events; must be quick and without side effects
   * @param needsBytes have the events measured, which costs encoding them once more where a store keeps references
   */
  constructor(
    readonly isDue: (situation: SnapshotSituation) => boolean,
    readonly needsBytes: boolean = false,
  ) {}

  /** Due when one of both is. */
  or(other: SnapshotStrategy): SnapshotStrategy {
    return new SnapshotStrategy((at) => this.isDue(at) || other.isDue(at), this.needsBytes || other.needsBytes);
  }

  /** Due when both are. */
  and(other: SnapshotStrategy): SnapshotStrategy {
    return new SnapshotStrategy((at) => this.isDue(at) && other.isDue(at), this.needsBytes || other.needsBytes);
  }
}

/**
 * A snapshot when the last one lacks this many events or more.
 *
 * @throws {InvalidOptionError} unless it is a whole number from 1
 * @example `everyEvents(100).or(olderThan('1d'))`
 */
export function everyEvents(count: number): SnapshotStrategy {
  assertWhole('everyEvents', count);
  return new SnapshotStrategy((at) => at.events >= count);
}

/**
 * A snapshot when the oldest event that the last one lacks is older than this.
 *
 * @throws {InvalidDurationError}
 */
export function olderThan(age: Duration): SnapshotStrategy {
  const milliseconds = toMilliseconds(age, 'olderThan');
  return new SnapshotStrategy((at) => at.age > milliseconds);
}

/**
 * A snapshot when the events that the last one lacks are larger than this together, in bytes of what is stored (of
 * text: its characters).
 *
 * @throws {InvalidOptionError} unless it is a whole number from 1
 */
export function largerThan(bytes: number): SnapshotStrategy {
  assertWhole('largerThan', bytes);
  return new SnapshotStrategy((at) => at.bytes > bytes, true);
}

/** Never a snapshot; the same as giving no strategy. */
export const noSnapshots = new SnapshotStrategy(() => false);

function assertWhole(where: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidOptionError(where, value, 'a whole number from 1');
}
