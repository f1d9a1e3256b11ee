import { assertKnownOptions, InvalidOptionError, toMilliseconds } from '../foundation/index.js';
import { assertQoS } from './outgoing.js';
import { assertSubject, assertSubscriptionName } from './subjects.js';
import type { SubscriptionOptions } from './subscription.js';
import type { QoS } from './transport-message.js';
import type { TransportCapabilities } from './transport.js';

/** {@link SubscriptionOptions} checked, with every default filled in. Times are milliseconds. */
export interface SubscriptionSettings {
  readonly name: string;
  readonly subjects: readonly string[];
  readonly qos: QoS;
  readonly concurrency: number;
  readonly maxAttempts: number;
  /** Never throws and never answers less than 0: what the user's function does wrong is mended here. */
  readonly backoff: (attempt: number) => number;
  readonly ackTimeout: number;
  readonly startFrom: 'new' | 'oldest';
}

const KNOWN = [
  'name',
  'subjects',
  'qos',
  'concurrency',
  'maxAttempts',
  'backoff',
  'ackTimeout',
  'startFrom',
] as const satisfies (keyof SubscriptionOptions)[];

const FIRST_BACKOFF = 1_000;
const LONGEST_BACKOFF = 60_000;

/**
 * Checks the options of a subscription and fills in the defaults; every transport does it with this.
 *
 * @throws {InvalidSubjectError} @throws {UnsupportedQoSError} @throws {UnknownOptionError} @throws {InvalidOptionError}
 */
export function resolveSubscription(
  options: SubscriptionOptions,
  capabilities: TransportCapabilities,
): SubscriptionSettings {
  assertKnownOptions('subscribe', options, KNOWN);
  assertSubscriptionName(options.name);
  const where = `subscription "${options.name}"`;
  if (!Array.isArray(options.subjects) || options.subjects.length === 0) {
    throw new InvalidOptionError(`${where}.subjects`, options.subjects, 'a list with at least one subject');
  }
  for (const subject of options.subjects) assertSubject(subject as string);
  const startFrom = options.startFrom ?? 'new';
  if (startFrom !== 'new' && startFrom !== 'oldest') {
    throw new InvalidOptionError(`${where}.startFrom`, startFrom, `'new' or 'oldest'`);
  }
  const ackTimeout = toMilliseconds(options.ackTimeout ?? '30s', `${where}.ackTimeout`);
  if (ackTimeout <= 0) throw new InvalidOptionError(`${where}.ackTimeout`, ackTimeout, 'more than 0 ms');
  return {
    name: options.name,
    subjects: [...new Set(options.subjects)],
    qos: assertQoS(capabilities, options.qos),
    concurrency: positive(`${where}.concurrency`, options.concurrency ?? 16),
    maxAttempts: positive(`${where}.maxAttempts`, options.maxAttempts ?? 5),
    backoff: backoffOf(`${where}.backoff`, options.backoff),
    ackTimeout,
    startFrom,
  };
}

function positive(where: string, value: number): number {
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidOptionError(where, value, 'a whole number from 1');
  return value;
}

/** A back-off that throws or answers nonsense must not lose the message: the default takes its place. */
function backoffOf(where: string, own: SubscriptionOptions['backoff']): (attempt: number) => number {
  if (own === undefined) return defaultBackoff;
  if (typeof own !== 'function') {
    throw new InvalidOptionError(where, own, 'a function that gets the number of the failed attempt and returns ms');
  }
  return (attempt) => {
    try {
      const delay = own(attempt);
      return Number.isFinite(delay) && delay >= 0 ? delay : defaultBackoff(attempt);
    } catch {
      return defaultBackoff(attempt);
    }
  };
}

function defaultBackoff(attempt: number): number {
  return Math.min(LONGEST_BACKOFF, FIRST_BACKOFF * 2 ** Math.min(attempt - 1, 30));
}
