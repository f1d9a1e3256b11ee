import type { CanActivate, Type } from '@nestjs/common';
import { assertKnownOptions, InvalidOptionError, toMilliseconds, type Duration } from '../foundation/index.js';
import { DEFAULT_VIEW_LIMITS, type ViewLimits } from './json-view.js';

/** How the process endpoints are mounted and what they may do. */
export interface ProcessesHttpOptions {
  /** Where they are mounted, below the global prefix. Default `processes`. `''` leaves the place to `RouterModule`. */
  readonly path?: string;
  /**
   * Guards of all routes, reading ones included: classes (with dependency injection) or instances. With a guard, the
   * routes that change something are open in every environment. Default none.
   */
  readonly guards?: readonly (Type<CanActivate> | CanActivate)[];
  /** Decorators for the controller: `ApiBearerAuth()`, `SkipThrottle()`, `UseInterceptors(…)`. Default none. */
  readonly decorators?: readonly ClassDecorator[];
  /**
   * Whether the routes that change something (every POST) may be used without a guard. Default `'development'`: only
   * where NODE_ENV is development, test or not set. `true`: everywhere. `false`: nowhere, not even with a guard.
   */
  readonly allowOperations?: boolean | 'development';
  /**
   * Names of fields that nobody may see: their values are replaced in inputs, results, errors and events, at any
   * depth and in any case. Default none.
   */
  readonly redact?: readonly string[];
  /** What is shown of big inputs, results and events. Default 20,000 characters a text, 1,000 items a list. */
  readonly limits?: Partial<ViewLimits>;
  /** Show the stacks of recorded errors. Default false. */
  readonly stacks?: boolean;
  /** The longest a start with `?wait=true` waits for the result before it answers 202. Default 30 s. */
  readonly maxWait?: Duration;
  /** Pause between two heartbeats of an event stream, so that proxies keep it open. Default 15 s. */
  readonly heartbeat?: Duration;
}

/** {@link ProcessesHttpOptions} with every default filled in. */
export interface ResolvedHttpOptions {
  readonly path: string;
  readonly guards: readonly (Type<CanActivate> | CanActivate)[];
  readonly decorators: readonly ClassDecorator[];
  readonly allowOperations: boolean | 'development';
  readonly redact: readonly string[];
  readonly limits: Partial<ViewLimits>;
  readonly stacks: boolean;
  /** Milliseconds. */
  readonly maxWait: number;
  /** Milliseconds. */
  readonly heartbeat: number;
}

const DEFAULTS = {
  path: 'processes',
  guards: [],
  decorators: [],
  allowOperations: 'development',
  redact: [],
  limits: {},
  stacks: false,
  maxWait: '30s',
  heartbeat: '15s',
} as const satisfies Required<ProcessesHttpOptions>;

/** `setTimeout` fires at once when it is asked for more: 24.8 days. */
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * Fills the gaps of the options and checks them.
 *
 * @throws {UnknownOptionError} {@link InvalidOptionError} {@link InvalidDurationError}
 */
export function resolveHttpOptions(options: ProcessesHttpOptions = {}): ResolvedHttpOptions {
  assertKnownOptions('endpoints', options, Object.keys(DEFAULTS));
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const all: Required<ProcessesHttpOptions> = { ...DEFAULTS, ...given };
  check(all, 'path', (path) => typeof path === 'string', `a text such as 'processes'`);
  check(
    all,
    'guards',
    (guards) => Array.isArray(guards) && guards.every(isGuard),
    'an array of guard classes or guards',
  );
  check(all, 'decorators', (list) => isArrayOf(list, 'function'), 'an array of class decorators');
  check(
    all,
    'allowOperations',
    (allow) => [true, false, 'development'].includes(allow),
    `true, false or 'development'`,
  );
  check(all, 'redact', (names) => isArrayOf(names, 'string'), 'an array of field names');
  check(all, 'stacks', (stacks) => typeof stacks === 'boolean', 'true or false');
  assertKnownOptions('endpoints.limits', all.limits, Object.keys(DEFAULT_VIEW_LIMITS));
  check(all, 'limits', (limits) => Object.values(limits).every(isCount), 'whole numbers above 0');
  const heartbeat = toMilliseconds(all.heartbeat, 'endpoints.heartbeat');
  const maxWait = toMilliseconds(all.maxWait, 'endpoints.maxWait');
  check(all, 'heartbeat', () => heartbeat > 0, `a duration longer than 0 such as '15s'`);
  return { ...all, heartbeat: Math.min(heartbeat, LONGEST_TIMER), maxWait: Math.min(maxWait, LONGEST_TIMER) };
}

function check<K extends keyof ProcessesHttpOptions>(
  options: Required<ProcessesHttpOptions>,
  name: K,
  isRight: (value: Required<ProcessesHttpOptions>[K]) => boolean,
  expected: string,
): void {
  if (!isRight(options[name])) throw new InvalidOptionError(`endpoints.${name}`, options[name], expected);
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) > 0;
}

function isArrayOf(value: unknown, type: 'string' | 'function'): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === type);
}

function isGuard(guard: unknown): boolean {
  return typeof guard === 'function' || typeof (guard as { canActivate?: unknown } | null)?.canActivate === 'function';
}
