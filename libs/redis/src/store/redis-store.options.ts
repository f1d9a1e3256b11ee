import type { Duration } from '@catga/core';
import { CONNECTION_OPTIONS, type RedisConnectionOptions } from '../connection/index.js';

/** Options of {@link RedisStore}. */
export interface RedisStoreOptions extends RedisConnectionOptions {
  /**
   * How long a commit or a read may take, lost connections and fail-overs included, before it fails with
   * `CATGA_STORE_CONNECTION`; also how long opening waits for the server. Default `'10s'`.
   */
  readonly commandTimeout?: Duration;
  /** Largest commit in bytes: the server serves nobody else while it applies one. Default 64 MiB. */
  readonly maxCommitSize?: number;
  /** Refuse to open when the settings of the server would lose data; otherwise they are warned of. Default false. */
  readonly strict?: boolean;
}

/** The names of all options. */
export const STORE_OPTIONS = [
  ...CONNECTION_OPTIONS,
  'commandTimeout',
  'maxCommitSize',
  'strict',
] as const satisfies readonly (keyof RedisStoreOptions)[];
