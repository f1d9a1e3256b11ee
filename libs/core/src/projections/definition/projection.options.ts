import { resolveRetry, type RetryOptions, type RetryPolicy } from '../../foundation/index.js';
import type { RecordedEvent } from '../../event-sourcing/index.js';
import type { Type } from '../../messages/index.js';
import type { ReadModelDefinition } from '../model/read-model.js';
import type { ProjectionTarget } from '../run/projection-target.js';

/**
 * When a projection sees events.
 *
 * - `async`: soon after their commit, in batches, on one node at a time. The checkpoint is part of the same commit as the
 *   read model.
 * - `inline`: in the very commit that appends them: whoever has appended reads its own write, and a projection that
 *   throws makes the append fail.
 * - `live`: as `async`, but in the memory of each node, rebuilt at every boot; nothing is stored.
 */
export type ProjectionMode = 'async' | 'inline' | 'live';

/** What happens to an event on which the projection's method throws. */
export interface ProjectionErrorPolicy extends RetryOptions {
  /**
   * What to do when the attempts are used up. `pause`: the projection stands still before that event until somebody
   * resumes it. `skip`: the event becomes a dead letter, and so do later ones of the same key, whose order would be
   * wrong otherwise. Default `pause`.
   */
  readonly then?: 'pause' | 'skip';
}

/** Says which events belong together. */
export type ProjectionKey = (event: object, recorded: RecordedEvent) => string;

/** Options of `@Projection`. */
export interface ProjectionOptions {
  /** Stable name; its checkpoint and read models are found by it. */
  readonly name: string;
  /** Default `async`. */
  readonly mode?: ProjectionMode;
  /** Raise it when the methods compute something else: the next start builds the new model beside the live one. Default 1. */
  readonly version?: number;
  /**
   * What it writes: definitions made by `readModel`, or names. `ctx.model()` without a name is the first one. Default:
   * one read model with the name of the projection.
   */
  readonly models?: readonly (Pick<ReadModelDefinition<unknown>, 'name'> | string)[];
  /** Only events of streams of these categories. Default: of all. */
  readonly categories?: readonly string[];
  /** Only events with every one of these tags. Default: all. */
  readonly tags?: readonly string[];
  /** Also events of streams that are archived or softly deleted. Default true: a rebuild gives what is there now. */
  readonly closed?: boolean;
  /** Parts that may run on different nodes at once, each with a checkpoint of its own. `async` only. Default 1. */
  readonly partitions?: number;
  /** Which events belong together, for partitions and for the order around dead letters. Default: those of a stream. */
  readonly key?: 'stream' | ProjectionKey;
  /** Default: 5 attempts from 200 ms on, then `pause`. `async` and `live` only. */
  readonly onError?: ProjectionErrorPolicy;
  /** Most events in one commit. Default 500. */
  readonly batch?: number;
  /** A database of your own that keeps the read model and the checkpoint, as a provider of this class. `async` only. */
  readonly target?: Type<ProjectionTarget<unknown>>;
}

/** {@link ProjectionErrorPolicy} with every default filled in. */
export interface ResolvedErrorPolicy {
  readonly retry: RetryPolicy;
  /** What to do when the attempts are used up. */
  readonly giveUp: 'pause' | 'skip';
}

const DEFAULT_RETRY: RetryPolicy = { attempts: 5, backoff: 200, maxBackoff: 30_000 };

/** Events of a batch unless the projection says otherwise. */
export const DEFAULT_BATCH = 500;

/** Names of the options, for messages. */
export const PROJECTION_OPTION_NAMES: readonly string[] = Object.keys({
  name: true,
  mode: true,
  version: true,
  models: true,
  categories: true,
  tags: true,
  closed: true,
  partitions: true,
  key: true,
  onError: true,
  batch: true,
  target: true,
} satisfies Record<keyof ProjectionOptions, true>);

const ERROR_POLICY_NAMES: readonly string[] = ['attempts', 'backoff', 'maxBackoff', 'retryIf', 'then'];

/** Fills the gaps of an error policy. @throws {InvalidDurationError} */
export function resolveErrorPolicy(policy: ProjectionErrorPolicy = {}): ResolvedErrorPolicy {
  return { retry: resolveRetry(policy, DEFAULT_RETRY), giveUp: policy.then ?? 'pause' };
}

/** What is wrong with the options of a projection, each fault with what to write instead. */
export function faultsOfOptions(options: ProjectionOptions): readonly string[] {
  const faults: string[] = [];
  const unknown = Object.keys(options).filter((name) => !PROJECTION_OPTION_NAMES.includes(name));
  for (const name of unknown)
    faults.push(`there is no option "${name}". Known options: ${PROJECTION_OPTION_NAMES.join(', ')}.`);
  const check = (isRight: boolean, fault: string): void => void (isRight || faults.push(fault));
  const { name, mode = 'async', version = 1, partitions = 1, batch = 1, key = 'stream', onError = {} } = options;
  check(
    typeof name === 'string' && /^[\w.:-]+$/.test(name),
    `name is ${JSON.stringify(name)}. Write letters, digits and . : _ - such as name: 'order-list'.`,
  );
  check(['async', 'inline', 'live'].includes(mode), `mode is "${mode}". Write 'async', 'inline' or 'live'.`);
  check(isWhole(version, 1, 1e9), `version is ${String(version)}. Write a whole number from 1.`);
  check(isWhole(partitions, 1, 1_024), `partitions is ${String(partitions)}. Write a whole number from 1 to 1,024.`);
  check(isWhole(batch, 1, 10_000), `batch is ${String(batch)}. Write a whole number of events from 1 to 10,000.`);
  check(key === 'stream' || typeof key === 'function', `key must be 'stream' or a function of the event.`);
  check(options.closed === undefined || typeof options.closed === 'boolean', 'closed must be true or false.');
  check(isTexts(options.categories), 'categories must be a list of texts.');
  check(isTexts(options.tags), 'tags must be a list of texts.');
  check(mode === 'async' || partitions === 1, `only mode 'async' can have partitions; ${mode} is one part.`);
  check(mode === 'async' || options.target === undefined, `only mode 'async' can have a target of its own.`);
  check(
    options.target === undefined || options.models === undefined,
    `with a target the read model is in your own database; drop models.`,
  );
  check(
    mode !== 'inline' || options.onError === undefined,
    `an inline projection that throws makes the append fail; drop onError, or write mode: 'async'.`,
  );
  for (const name of Object.keys(onError))
    check(ERROR_POLICY_NAMES.includes(name), `onError has no "${name}". Known: ${ERROR_POLICY_NAMES.join(', ')}.`);
  check(
    onError.then === undefined || ['pause', 'skip'].includes(onError.then),
    `onError.then is "${String(onError.then)}". Write 'pause' or 'skip'.`,
  );
  check(
    onError.attempts === undefined || onError.attempts === Infinity || isWhole(onError.attempts, 1, 1e9),
    `onError.attempts is ${String(onError.attempts)}. Write a whole number from 1, or Infinity.`,
  );
  return faults;
}

function isWhole(value: unknown, least: number, most: number): boolean {
  return Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most;
}

function isTexts(value: unknown): boolean {
  return value === undefined || (Array.isArray(value) && value.every((item) => typeof item === 'string'));
}
