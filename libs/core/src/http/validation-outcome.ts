import type { Fault } from '../foundation/index.js';

/** A value that passed, or everything that is wrong with it. */
export type ValidationOutcome =
  { readonly value: unknown; readonly faults?: undefined } | { readonly faults: readonly Fault[] };
