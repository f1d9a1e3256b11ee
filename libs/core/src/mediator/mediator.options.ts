import { assertKnownOptions, InvalidOptionError, toMilliseconds, type Duration } from '../foundation/index.js';
import type { BehaviorRef } from './pipeline/pipeline-behavior.js';

/** Milliseconds that running handlers get on shutdown unless `mediator.drainTimeout` says otherwise. */
export const DEFAULT_DRAIN_TIMEOUT = 10_000;

/** Options `mediator` of `CatgaModule.forRoot`. */
export interface MediatorOptions {
  /** Behaviours around every message, from the outermost to the innermost. Default: none. */
  readonly behaviors?: readonly BehaviorRef[] | undefined;
  /**
   * How handlers get at the context: only by their second argument (`explicit`, the default), or also through
   * `AmbientContext` (`ambient`, which uses AsyncLocalStorage and slows every await on Node 20).
   */
  readonly context?: 'explicit' | 'ambient' | undefined;
  /** Checks messages that carry a schema or class-validator decorators. Default true. */
  readonly validation?: boolean | undefined;
  /** The longest that shutdown waits for running handlers. Default 10 s. */
  readonly drainTimeout?: Duration | undefined;
}

/** {@link MediatorOptions} with every default filled in. */
export interface ResolvedMediatorOptions {
  readonly behaviors: readonly BehaviorRef[];
  readonly context: 'explicit' | 'ambient';
  readonly validation: boolean;
  /** Milliseconds. */
  readonly drainTimeout: number;
}

/**
 * Checks the options and fills in the defaults.
 *
 * @throws {UnknownOptionError}
 * @throws {InvalidOptionError}
 * @throws {InvalidDurationError}
 */
export function resolveMediatorOptions(options: MediatorOptions = {}, where = 'mediator'): ResolvedMediatorOptions {
  assertKnownOptions(where, options, ['behaviors', 'context', 'validation', 'drainTimeout']);
  const { behaviors = [], context = 'explicit', validation = true, drainTimeout = DEFAULT_DRAIN_TIMEOUT } = options;
  if (context !== 'explicit' && context !== 'ambient') {
    throw new InvalidOptionError(`${where}.context`, context, `'explicit' or 'ambient'`);
  }
  if (typeof validation !== 'boolean') throw new InvalidOptionError(`${where}.validation`, validation, 'true or false');
  return {
    behaviors: assertBehaviors(`${where}.behaviors`, behaviors),
    context,
    validation,
    drainTimeout: toMilliseconds(drainTimeout, `${where}.drainTimeout`),
  };
}

function assertBehaviors(where: string, behaviors: readonly BehaviorRef[]): readonly BehaviorRef[] {
  if (!Array.isArray(behaviors)) throw new InvalidOptionError(where, behaviors, 'an array of behaviours');
  behaviors.forEach((ref: unknown, index) => {
    const isUsable = typeof ref === 'function' || (typeof ref === 'object' && ref !== null);
    if (!isUsable) {
      throw new InvalidOptionError(
        `${where}[${index}]`,
        ref,
        'a behaviour class (is its import circular?) or instance',
      );
    }
  });
  return behaviors;
}
