import {
  assertKnownOptions,
  DEFAULT_RETRY,
  InvalidOptionError,
  toMilliseconds,
  type Duration,
  type RetryOptions,
  type RetryPolicy,
} from '../../../foundation/index.js';
import type { PolicyLayer, StepOptions } from './options.types.js';

const STEP_OPTIONS = ['timeout', 'retry', 'backoff', 'onUnknown'];
const RETRY_OPTIONS = ['attempts', 'backoff', 'maxBackoff', 'retryIf'];
const ON_UNKNOWN: readonly unknown[] = ['retry', 'ask', 'fail'];

/**
 * Checks what somebody says about a step.
 *
 * @param where names the place for messages, e.g. `processes.steps.ship`
 * @param nameOf names one option there
 * @throws {UnknownOptionError} {@link InvalidOptionError} {@link InvalidDurationError}
 */
export function layerOf(
  where: string,
  options: StepOptions,
  nameOf = (option: string): string => `${where}.${option}`,
): PolicyLayer {
  assertKnownOptions(where, options, STEP_OPTIONS);
  const { timeout, backoff, onUnknown } = options;
  const retry = retryLayer(nameOf('retry'), options.retry);
  if (backoff !== undefined && retry.backoff !== undefined) {
    throw new InvalidOptionError(nameOf('backoff'), backoff, `it once: here or in ${nameOf('retry')}.backoff`);
  }
  if (onUnknown !== undefined && !ON_UNKNOWN.includes(onUnknown)) {
    throw new InvalidOptionError(nameOf('onUnknown'), onUnknown, `'retry', 'ask' or 'fail'`);
  }
  return {
    ...retry,
    ...(timeout === undefined ? {} : { timeout: positiveDuration(nameOf('timeout'), timeout) }),
    ...(backoff === undefined ? {} : { backoff: toMilliseconds(backoff, nameOf('backoff')) }),
    ...(onUnknown === undefined ? {} : { onUnknown }),
  };
}

/** Puts layers upon each other; the last one that says something about a part of the policy wins. */
export function mergeLayers(...layers: readonly (PolicyLayer | undefined)[]): PolicyLayer {
  return Object.assign({}, ...layers) as PolicyLayer;
}

/** The policy of retries that layers make on top of a base. */
export function retryPolicyOf(layer: PolicyLayer, base: RetryPolicy = DEFAULT_RETRY): RetryPolicy {
  const retryIf = layer.retryIf ?? base.retryIf;
  return {
    attempts: layer.attempts ?? base.attempts,
    backoff: layer.backoff ?? base.backoff,
    maxBackoff: layer.maxBackoff ?? base.maxBackoff,
    ...(retryIf ? { retryIf } : {}),
  };
}

/** Milliseconds of a duration above 0. @throws {InvalidDurationError} {@link InvalidOptionError} */
export function positiveDuration(where: string, value: Duration): number {
  const ms = toMilliseconds(value, where);
  if (ms <= 0) throw new InvalidOptionError(where, value, `a duration above 0, such as '30s'`);
  return ms;
}

/** A whole number of at least `least`. @throws {InvalidOptionError} */
export function wholeNumber(where: string, value: number, least: number): number {
  if (Number.isInteger(value) && value >= least) return value;
  throw new InvalidOptionError(where, value, `a whole number of ${least} or more`);
}

function retryLayer(where: string, retry: number | RetryOptions | undefined): PolicyLayer {
  if (retry === undefined) return {};
  if (typeof retry === 'number') return { attempts: wholeNumber(where, retry, 1) };
  assertKnownOptions(where, retry, RETRY_OPTIONS);
  const { attempts, backoff, maxBackoff, retryIf } = retry;
  if (retryIf !== undefined && typeof retryIf !== 'function') {
    throw new InvalidOptionError(`${where}.retryIf`, retryIf, 'a function: (error) => true or false');
  }
  return {
    ...(attempts === undefined ? {} : { attempts: wholeNumber(`${where}.attempts`, attempts, 1) }),
    ...(backoff === undefined ? {} : { backoff: toMilliseconds(backoff, `${where}.backoff`) }),
    ...(maxBackoff === undefined ? {} : { maxBackoff: toMilliseconds(maxBackoff, `${where}.maxBackoff`) }),
    ...(retryIf === undefined ? {} : { retryIf }),
  };
}
