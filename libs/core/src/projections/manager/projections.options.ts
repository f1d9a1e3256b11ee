import { assertKnownOptions, InvalidOptionError, toMilliseconds, type Duration } from '../../foundation/index.js';

/** Options of `CatgaModule.forRoot({ projections })`. */
export interface ProjectionsOptions {
  /**
   * Whether this node works on `async` and `live` projections. False: it only reads what other nodes make; inline
   * projections work everywhere. Default true.
   */
  readonly autoStart?: boolean | undefined;
  /** How long a node that is gone keeps its projections, on a store that several nodes share. Default 15 s. */
  readonly lease?: Duration | undefined;
  /** How long the former read model is kept after a rebuild, for readers that are under way. Default 30 s. */
  readonly removeAfter?: Duration | undefined;
}

/** {@link ProjectionsOptions} with every default filled in. */
export interface ResolvedProjectionsOptions {
  readonly autoStart: boolean;
  /** Milliseconds. */
  readonly lease: number;
  /** Milliseconds. */
  readonly removeAfter: number;
}

const SHORTEST_LEASE = 100;
/** `setTimeout` fires at once when it is asked for more: 24.8 days. */
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * Fills the gaps of the options and checks them.
 *
 * @throws {UnknownOptionError} {@link InvalidOptionError} {@link InvalidDurationError}
 */
export function resolveProjectionsOptions(options: ProjectionsOptions = {}): ResolvedProjectionsOptions {
  assertKnownOptions('projections', options, ['autoStart', 'lease', 'removeAfter']);
  const { autoStart = true } = options;
  if (typeof autoStart !== 'boolean') {
    throw new InvalidOptionError('projections.autoStart', autoStart, 'true or false');
  }
  const lease = toMilliseconds(options.lease ?? '15s', 'projections.lease');
  if (lease < SHORTEST_LEASE) {
    throw new InvalidOptionError(
      'projections.lease',
      lease,
      `a duration of at least ${SHORTEST_LEASE}ms such as '15s'`,
    );
  }
  const removeAfter = toMilliseconds(options.removeAfter ?? '30s', 'projections.removeAfter');
  return { autoStart, lease: Math.min(lease, LONGEST_TIMER), removeAfter: Math.min(removeAfter, LONGEST_TIMER) };
}
