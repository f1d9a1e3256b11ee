import {
  assertKnownOptions,
  backoffDelay,
  InvalidOptionError,
  longestBackoff,
  resolveRetry,
  type Duration,
} from '../../foundation/index.js';
import type { QoS, SubscriptionOptions } from '../../transport/index.js';

/** How a subscription works; every part has a default. */
export interface SubscriptionTuning {
  /** Default: what the classes of its events say with `@EventDelivery`, else `messaging.qos`. */
  readonly qos?: QoS;
  /** Most messages that one node handles at once. Default 16. Messages of one key never run side by side. */
  readonly concurrency?: number;
  /** How often a message is tried before it becomes a dead letter. Default 5. */
  readonly maxAttempts?: number;
  /** Wait before the second attempt; doubles with each further one, with jitter. Default 1 s. */
  readonly backoff?: Duration;
  /** The longest wait between two attempts. Default 1 min. */
  readonly maxBackoff?: Duration;
  /** After which silence of its node a message goes to another one; handlers may take longer. Default 30 s. */
  readonly ackTimeout?: Duration;
  /** Where it begins the first time: with what comes from now on, or with all that the broker has. Default `new`. */
  readonly startFrom?: 'new' | 'oldest';
}

const BACKOFF = '1s';
const MAX_BACKOFF = '1m';

const KNOWN: readonly (keyof SubscriptionTuning)[] = [
  'qos',
  'concurrency',
  'maxAttempts',
  'backoff',
  'maxBackoff',
  'ackTimeout',
  'startFrom',
];

/** Later ones win, option by option. What values may be is checked once more by the transport. */
export function resolveTuning(
  where: string,
  ...tunings: readonly (SubscriptionTuning | undefined)[]
): Omit<SubscriptionOptions, 'name' | 'subjects'> {
  const merged: Record<string, unknown> = {};
  for (const tuning of tunings) {
    assertKnownOptions(where, tuning, KNOWN);
    for (const [key, value] of Object.entries(tuning ?? {})) if (value !== undefined) merged[key] = value;
  }
  const { backoff = BACKOFF, maxBackoff = MAX_BACKOFF, ...rest } = merged as SubscriptionTuning;
  const { maxAttempts, concurrency } = rest;
  for (const [name, value] of Object.entries({ maxAttempts, concurrency })) {
    if (value === undefined || (Number.isSafeInteger(value) && value >= 1)) continue;
    throw new InvalidOptionError(`${where}.${name}`, value, 'a whole number from 1');
  }
  const policy = resolveRetry({ backoff, maxBackoff });
  return { ...rest, backoff: (attempt) => backoffDelay(policy, attempt) };
}

/** The longest pause after a failed attempt that these give; the shortest is half of it. Milliseconds. */
export function longestPauses(...tunings: readonly (SubscriptionTuning | undefined)[]): (attempt: number) => number {
  const said = (name: 'backoff' | 'maxBackoff'): Duration | undefined =>
    tunings.map((tuning) => tuning?.[name]).findLast((value) => value !== undefined);
  const policy = resolveRetry({ backoff: said('backoff') ?? BACKOFF, maxBackoff: said('maxBackoff') ?? MAX_BACKOFF });
  return (attempt) => longestBackoff(policy, attempt);
}
