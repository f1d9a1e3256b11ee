import type { CanActivate, Type } from '@nestjs/common';
import type { TerminusModuleOptions } from '@nestjs/terminus';
import { assertKnownOptions, InvalidOptionError, toMilliseconds, type Duration } from '../foundation/index.js';

/** How the health endpoints are mounted and what counts as unhealthy. */
export interface CatgaHealthOptions {
  /** Where they are mounted, below the global prefix. Default `health`. */
  readonly path?: string;
  /** Guards of all three routes; probes of an orchestrator carry no credentials. Default none. */
  readonly guards?: readonly (Type<CanActivate> | CanActivate)[];
  /** Decorators for the controller, e.g. `SkipThrottle()`. Default none. */
  readonly decorators?: readonly ClassDecorator[];
  /** The longest the store may take to answer before it counts as down. Default 2 s. */
  readonly timeout?: Duration;
  /**
   * What runs that wait for somebody's decision (diverged, compensation stuck, …) make of `/health`: `degraded` answers
   * 200, `down` 503. Default `degraded`. They never make the application unready: other runs go on.
   */
  readonly parked?: 'degraded' | 'down' | 'ignore';
  /** Parked runs that are still healthy. Default 0. */
  readonly maxParked?: number;
  /** How far a projection may be behind before `/health` is `degraded`. Default 10 s. */
  readonly maxProjectionLag?: Duration;
  /** Options of Terminus: `logger`, `errorLogStyle`, `gracefulShutdownTimeoutMs`. Default its own. */
  readonly terminus?: TerminusModuleOptions;
}

/** {@link CatgaHealthOptions} with every default filled in. */
export interface ResolvedHealthOptions {
  readonly path: string;
  readonly guards: readonly (Type<CanActivate> | CanActivate)[];
  readonly decorators: readonly ClassDecorator[];
  /** Milliseconds. */
  readonly timeout: number;
  readonly parked: 'degraded' | 'down' | 'ignore';
  readonly maxParked: number;
  /** Milliseconds. */
  readonly maxProjectionLag: number;
  readonly terminus: TerminusModuleOptions;
}

const NAMES = [
  'path',
  'guards',
  'decorators',
  'timeout',
  'parked',
  'maxParked',
  'maxProjectionLag',
  'terminus',
] as const;

/** More parked runs than this are not counted: "100 or more" is as good a reason to look. */
export const MOST_COUNTED = 100;

/**
 * Fills the gaps of the options and checks them.
 *
 * @throws {UnknownOptionError} {@link InvalidOptionError} {@link InvalidDurationError}
 */
export function resolveHealthOptions(options: CatgaHealthOptions = {}): ResolvedHealthOptions {
  assertKnownOptions('CatgaHealthModule.forRoot', options, NAMES);
  const { path = 'health', guards = [], decorators = [], parked = 'degraded', maxParked = 0, terminus = {} } = options;
  const timeout = toMilliseconds(options.timeout ?? '2s', 'health.timeout');
  const maxProjectionLag = toMilliseconds(options.maxProjectionLag ?? '10s', 'health.maxProjectionLag');
  if (typeof path !== 'string') throw new InvalidOptionError('health.path', path, `a text such as 'health'`);
  if (!['degraded', 'down', 'ignore'].includes(parked)) {
    throw new InvalidOptionError('health.parked', parked, `'degraded', 'down' or 'ignore'`);
  }
  if (!Number.isSafeInteger(maxParked) || maxParked < 0 || maxParked >= MOST_COUNTED) {
    throw new InvalidOptionError('health.maxParked', maxParked, `a whole number from 0 to ${MOST_COUNTED - 1}`);
  }
  if (timeout === 0) throw new InvalidOptionError('health.timeout', timeout, `a duration longer than 0 such as '2s'`);
  return {
    path,
    guards,
    decorators,
    timeout: Math.min(timeout, 2 ** 31 - 1),
    parked,
    maxParked,
    maxProjectionLag,
    terminus,
  };
}
