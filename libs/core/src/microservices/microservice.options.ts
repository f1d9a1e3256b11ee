import { InvalidOptionError, toMilliseconds, type Duration } from '../foundation/index.js';
import { JsonCodec, type Codec } from '../store/index.js';
import { resolveTuning, type Inbox, type SubscriptionTuning } from '../messaging/index.js';
import { assertSubscriptionName, type QoS, type Transport } from '../transport/index.js';
import { userHeaders } from './catga-record.js';

/**
 * The last argument of `@EventPattern`. What it leaves out comes from {@link ServerOptions.events}.
 *
 * @example
 * ```ts
 * @EventPattern('order-placed', { subscription: 'orders', concurrency: 4 } satisfies EventPatternOptions)
 * ```
 */
export interface EventPatternOptions extends SubscriptionTuning {
  /**
   * Patterns of one subscription share one order of each key, and an event of theirs is done when all methods for it are.
   * Methods for one pattern in different subscriptions succeed and fail apart. Default: the pattern, one of its own.
   */
  readonly subscription?: string;
}

/** What every server strategy of Catga takes. */
export interface ServerOptions {
  /**
   * Name of the service: its nodes share the events, each other group gets all of them. Letters, digits, `_` and `-`. Keep
   * it: another name is another subscription.
   */
  readonly group: string;
  /** For all events, unless an `@EventPattern` says otherwise. `qos` is 1 where nobody says anything. */
  readonly events?: SubscriptionTuning;
  /**
   * What remembers the events that were handled, for those of QoS 2: `app.get(Inbox)` of an application with `CatgaModule`.
   * Without it QoS 2 is refused.
   */
  readonly inbox?: Inbox;
  /** How data becomes a body. All services that talk to each other need the same. Default: JSON that keeps dates. */
  readonly codec?: Codec;
  /** How long `close` waits for handlers before it gives them up. Default `'10s'`. */
  readonly drainTimeout?: Duration;
}

/** What every client strategy of Catga takes. */
export interface ClientOptions {
  /** Of events whose record says nothing. Default 1. */
  readonly qos?: QoS;
  /** How long to wait for an answer, or for more of one. Default `'30s'`. */
  readonly timeout?: Duration;
  /** Go with every message; those of its record win. Names become lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  /** As {@link ServerOptions.codec}. */
  readonly codec?: Codec;
}

/** {@link ServerOptions} checked, with every default filled in. Times are milliseconds. */
export interface ServerSettings {
  readonly group: string;
  readonly events: SubscriptionTuning;
  readonly inbox: Inbox | undefined;
  readonly codec: Codec;
  readonly drainTimeout: number;
}

/** {@link ClientOptions} checked, with every default filled in. Times are milliseconds. */
export interface ClientSettings {
  readonly qos: QoS;
  readonly timeout: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly codec: Codec;
}

/** Names of {@link ServerOptions}, for whoever takes them among others. */
export const SERVER_OPTIONS = [
  'group',
  'events',
  'inbox',
  'codec',
  'drainTimeout',
] as const satisfies (keyof ServerOptions)[];

/** Names of {@link ClientOptions}, for whoever takes them among others. */
export const CLIENT_OPTIONS = ['qos', 'timeout', 'headers', 'codec'] as const satisfies (keyof ClientOptions)[];

const QUALITIES: readonly unknown[] = [0, 1, 2];

/** @throws {InvalidOptionError} @throws {UnknownOptionError} @throws {InvalidSubjectError} @throws {InvalidDurationError} */
export function toServerSettings(where: string, options: ServerOptions): ServerSettings {
  const { group, events = {}, inbox, codec = new JsonCodec(), drainTimeout = '10s' } = options;
  if (typeof group !== 'string' || group === '') {
    throw new InvalidOptionError(`${where}.group`, group, `the name of the service, e.g. 'billing'`);
  }
  assertSubscriptionName(group);
  resolveTuning(`${where}.events`, events);
  return { group, events, inbox, codec, drainTimeout: toMilliseconds(drainTimeout, `${where}.drainTimeout`) };
}

/** @throws {InvalidOptionError} @throws {InvalidDurationError} */
export function toClientSettings(where: string, options: ClientOptions): ClientSettings {
  const { qos = 1, timeout = '30s', headers = {}, codec = new JsonCodec() } = options;
  if (!QUALITIES.includes(qos)) throw new InvalidOptionError(`${where}.qos`, qos, '0, 1 or 2');
  const milliseconds = toMilliseconds(timeout, `${where}.timeout`);
  if (milliseconds <= 0) throw new InvalidOptionError(`${where}.timeout`, timeout, 'more than 0 ms');
  return { qos, timeout: milliseconds, headers: userHeaders(`${where}.headers`, headers), codec };
}

/**
 * What an `@EventPattern` says beside its pattern.
 *
 * @throws {UnknownOptionError} @throws {InvalidOptionError} @throws {InvalidDurationError}
 */
export function toEventPatternOptions(pattern: string, extras: EventPatternOptions = {}): EventPatternOptions {
  const where = `@EventPattern(${JSON.stringify(pattern)})`;
  const { subscription, ...tuning } = extras;
  resolveTuning(where, tuning);
  if (subscription !== undefined && (typeof subscription !== 'string' || subscription === '')) {
    throw new InvalidOptionError(`${where}.subscription`, subscription, 'a name');
  }
  return extras;
}

/** @throws {InvalidOptionError} */
export function assertTransport(where: string, transport: unknown): asserts transport is Transport {
  // Not `instanceof`: two copies of the package must not matter.
  if (typeof (transport as Transport | undefined)?.subscribe === 'function') return;
  throw new InvalidOptionError(`${where}.transport`, transport, 'a Transport, e.g. new MemoryTransport()');
}

/** The options with these names, and the others: for strategies that take those of a broker as well. */
export function splitOptions<O extends object, K extends keyof O>(
  options: O,
  names: readonly K[],
): readonly [Pick<O, K>, Omit<O, K>] {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined);
  const isOne = ([name]: readonly [string, unknown]): boolean => names.includes(name as K);
  const others = entries.filter((entry) => !isOne(entry));
  return [Object.fromEntries(entries.filter(isOne)) as Pick<O, K>, Object.fromEntries(others) as Omit<O, K>];
}
