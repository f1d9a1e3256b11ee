import type { Duration } from '@catga/core';
import { CONNECTION_OPTIONS, type RedisConnectionOptions } from '../connection/index.js';

/** Options of {@link RedisCoordination}. */
export interface RedisCoordinationOptions extends RedisConnectionOptions {
  /** How long one request may take, lost connections and fail-overs included, before it fails. Default `'10s'`. */
  readonly commandTimeout?: Duration;
}

/** The names of all options. */
export const COORDINATION_OPTIONS = [
  ...CONNECTION_OPTIONS,
  'commandTimeout',
] as const satisfies readonly (keyof RedisCoordinationOptions)[];
