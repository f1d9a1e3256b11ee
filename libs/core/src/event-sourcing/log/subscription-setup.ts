import { assertKnownOptions, InvalidOptionError, toMilliseconds } from '../../foundation/index.js';
import type { SubscriptionSetup } from './log-subscription.js';
import type { SubscribeOptions } from './subscription.types.js';

const OPTIONS = ['name', 'after', 'events', 'query', 'batchSize', 'unknown', 'retryDelay', 'onError'];

/**
 * The options of a subscription checked, with every default filled in.
 *
 * @throws {UnknownOptionError} {@link InvalidOptionError} {@link InvalidDurationError}
 */
export function subscriptionSetup(
  options: SubscribeOptions,
): Omit<SubscriptionSetup, 'store' | 'decoder' | 'read'> & { readonly limit: number } {
  assertKnownOptions('EventLog.subscribe', options, OPTIONS);
  const { name = 'A subscription', after = 'start', batchSize = 500, unknown = 'throw', retryDelay = '5s' } = options;
  return {
    name,
    after: placeOf(after),
    limit: wholeNumber('batchSize', batchSize, 1),
    unknown,
    retryDelay: toMilliseconds(retryDelay, 'retryDelay'),
    onError: options.onError ?? ((error) => warn(name, error)),
  };
}

function placeOf(after: unknown): number | 'end' {
  if (after === 'start') return 0;
  if (after === 'end') return after;
  if (typeof after !== 'number') throw new InvalidOptionError('after', after, `a position, 'start' or 'end'`);
  return wholeNumber('after', after, 0);
}

function wholeNumber(where: string, value: unknown, least: number): number {
  if (Number.isSafeInteger(value) && (value as number) >= least) return value as number;
  throw new InvalidOptionError(where, value, `a whole number from ${least}`);
}

/** Nobody said what to do: a reader that stands still must at least be seen. */
function warn(name: string, error: unknown): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.emitWarning(`${name} has ended: ${text}`, 'CatgaWarning');
}
