import type { Duration, RetryOptions, RetryPolicy } from '../../../foundation/index.js';
import type { Codec } from '../../../store/index.js';

/** Configuration of one step; outranks its decorators. */
export interface StepOptions {
  /** The longest one attempt may take. */
  readonly timeout?: Duration | undefined;
  /** Attempts in all, the first one included, or more about them. */
  readonly retry?: number | RetryOptions | undefined;
  /** Wait before the second attempt; doubles with each further one. */
  readonly backoff?: Duration | undefined;
  /** What to do with a call whose outcome nobody knows. */
  readonly onUnknown?: 'retry' | 'ask' | 'fail' | undefined;
}

/** Configuration of one process; outranks what is said for all processes. */
export interface ProcessOverrides {
  /** By step name. */
  readonly steps?: Readonly<Record<string, StepOptions>> | undefined;
}

/** When finished runs are removed. */
export interface RetentionOptions {
  /** Time after the end of a run. Default `'30d'`; `false`: never by age. */
  readonly age?: Duration | false | undefined;
  /** How many finished runs of each process are kept; the oldest go first. Default: any number. */
  readonly count?: number | undefined;
}

/**
 * The `processes` key of the options of `CatgaModule`. Everything is checked at boot: an unknown option, step or
 * process fails with the nearest known name.
 *
 * What is said for a step of one process outranks what is said for steps of that name in all processes, that outranks
 * decorators, and those outrank the defaults.
 *
 * @example
 * ```ts
 * CatgaModule.forRoot({
 *   processes: {
 *     defaultTimeout: '10s',
 *     steps: { processPayment: { retry: 5 } },
 *     OrderProcess: { steps: { createShipment: { timeout: '2m' } } },
 *   },
 * })
 * ```
 */
export interface ProcessesOptions {
  /** The longest one attempt of a step may take. Default `'30s'`. */
  readonly defaultTimeout?: Duration | undefined;
  /** Attempts of a step in all, or more about them. Default 3. */
  readonly defaultRetry?: number | RetryOptions | undefined;
  /** Wait before the second attempt; doubles with each further one, with jitter. Default `'1s'`. */
  readonly defaultBackoff?: Duration | undefined;
  /** Keeps inputs and results. Default: JSON with tags for the types that JSON lacks. */
  readonly serializer?: Codec | undefined;
  /** By step name, for all processes that have a step of that name. */
  readonly steps?: Readonly<Record<string, StepOptions>> | undefined;
  /** How long a node may be silent before others take over its runs; renewed at a third of it. Default `'15s'`. */
  readonly lease?: Duration | undefined;
  /** A run that waits longer than this leaves memory until its time has come. Default `'1m'`. */
  readonly suspendAfter?: Duration | undefined;
  readonly retention?: RetentionOptions | undefined;
  /** Events in the journal of one run from which on a warning is logged. Default 1,000. */
  readonly historyWarning?: number | undefined;
  /** Events in the journal of one run at which it is parked as `history-limit`. Default 10,000. */
  readonly historyLimit?: number | undefined;
  /** Bytes that one encoded input or result may have; more fails the step. Default 2,097,152 (2 MiB). */
  readonly maxPayload?: number | undefined;
  /** Bytes of one encoded input or result from which on a warning is logged. Default 262,144 (256 KiB). */
  readonly warnPayload?: number | undefined;
  /** Claims of a run without progress after which it is parked as `poisoned`. Default 5. */
  readonly maxClaims?: number | undefined;
  /** Names of fields whose values are left out of views and logs, at any depth. Default: none. */
  readonly redact?: readonly string[] | undefined;
  /** Configuration of one process, by its name. Its steps are listed at `/processes/definitions`. */
  readonly [process: Capitalize<string>]: ProcessOverrides | undefined;
}

/** Parts of a step's policy that somebody has said something about. Times in milliseconds. */
export interface PolicyLayer {
  readonly timeout?: number;
  readonly attempts?: number;
  readonly backoff?: number;
  readonly maxBackoff?: number;
  readonly retryIf?: (error: unknown) => boolean;
  readonly onUnknown?: 'retry' | 'ask' | 'fail';
}

/** {@link ProcessesOptions}, checked, with every default filled in. Times in milliseconds. */
export interface ResolvedProcessOptions {
  readonly lease: number;
  readonly limits: {
    readonly historyWarning: number;
    readonly historyLimit: number;
    readonly maxPayload: number;
    readonly warnPayload: number;
    readonly maxClaims: number;
    readonly suspendAfter: number;
  };
  readonly defaults: { readonly timeout: number; readonly retry: RetryPolicy };
  /** `age` is left out when runs are never removed by age, `count` when any number is kept. */
  readonly retention: { readonly age?: number; readonly count?: number };
  readonly codec?: Codec;
  readonly redact: readonly string[];
  /** What is configured for steps, by step name. */
  readonly steps: ReadonlyMap<string, PolicyLayer>;
  /** What is configured for the steps of one process, by process and step name. */
  readonly processes: ReadonlyMap<string, ReadonlyMap<string, PolicyLayer>>;
}
