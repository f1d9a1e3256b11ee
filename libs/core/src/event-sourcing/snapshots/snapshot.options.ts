import { assertKnownOptions, InvalidOptionError, toMilliseconds, type Duration } from '../../foundation/index.js';
import { noSnapshots, SnapshotStrategy } from './snapshot-strategy.js';

/** Snapshots of one aggregate or decider. */
export interface SnapshotOptions {
  /** When to write one. */
  readonly when: SnapshotStrategy;
  /**
   * Version of the shape of the state, a whole number from 1. Raise it when the meaning of the state changes: snapshots
   * of another version are ignored, and written anew. Default 1.
   */
  readonly version?: number | undefined;
}

/** {@link SnapshotOptions} checked. */
export interface ResolvedSnapshotOptions {
  readonly when: SnapshotStrategy;
  readonly version: number;
}

/**
 * Undefined where no snapshots are wanted.
 *
 * @param where names the options, for messages
 * @throws {UnknownOptionError} {@link InvalidOptionError}
 */
export function resolveSnapshotOptions(
  where: string,
  options: SnapshotOptions | undefined,
): ResolvedSnapshotOptions | undefined {
  if (options === undefined) return undefined;
  assertKnownOptions(where, options, ['when', 'version'] satisfies (keyof SnapshotOptions)[]);
  const { when, version = 1 } = options;
  if (!(when instanceof SnapshotStrategy)) {
    throw new InvalidOptionError(`${where}.when`, when, 'a strategy, e.g. everyEvents(100)');
  }
  if (!Number.isSafeInteger(version) || version < 1) {
    throw new InvalidOptionError(`${where}.version`, version, 'a whole number from 1');
  }
  return when === noSnapshots ? undefined : { when, version };
}

/** How snapshots are written, for the whole application. */
export interface SnapshotWriterOptions {
  /** A write that takes longer is given up; the next save tries again. Default 10 s. */
  readonly writeTimeout?: Duration | undefined;
  /** How long shutdown waits for snapshots that are not written yet. Default 5 s. */
  readonly drainTimeout?: Duration | undefined;
  /** Writes at a time, a whole number from 1. Default 2. */
  readonly concurrency?: number | undefined;
  /**
   * Snapshots that may wait for their turn; beyond it the oldest one is dropped. Default 1,000.
   */
  readonly maxPending?: number | undefined;
}

/** {@link SnapshotWriterOptions} with every default filled in; times in milliseconds. */
export interface ResolvedSnapshotWriterOptions {
  readonly writeTimeout: number;
  readonly drainTimeout: number;
  readonly concurrency: number;
  readonly maxPending: number;
}

const WRITER_OPTIONS = ['writeTimeout', 'drainTimeout', 'concurrency', 'maxPending'] as const;

/** @throws {UnknownOptionError} {@link InvalidOptionError} {@link InvalidDurationError} */
export function resolveSnapshotWriterOptions(
  options: SnapshotWriterOptions = {},
  where = 'eventSourcing.snapshots',
): ResolvedSnapshotWriterOptions {
  assertKnownOptions(where, options, WRITER_OPTIONS);
  const { writeTimeout = 10_000, drainTimeout = 5_000, concurrency = 2, maxPending = 1_000 } = options;
  for (const [name, value] of Object.entries({ concurrency, maxPending })) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new InvalidOptionError(`${where}.${name}`, value, 'a whole number from 1');
    }
  }
  return {
    writeTimeout: toMilliseconds(writeTimeout, `${where}.writeTimeout`),
    drainTimeout: toMilliseconds(drainTimeout, `${where}.drainTimeout`),
    concurrency,
    maxPending,
  };
}
