import type { Duration } from '@catga/core';

/** Options of {@link SqliteStore}. */
export interface SqliteStoreOptions {
  /** The database file; it and its folder are created when they are missing. SQLite keeps two more files beside it. */
  readonly path: string;
  /**
   * `full`: an acknowledged commit survives power loss. `normal`: it survives `kill -9`, but the last moments before a
   * power loss may be missing (never half a commit); several times faster for one commit at a time. Default `full`.
   */
  readonly synchronous?: 'full' | 'normal';
  /** How long a commit waits while another OS process is writing. Default `'5s'`. */
  readonly lockTimeout?: Duration;
  /** Refuse to let the file grow over this many bytes; commits then fail with reason `disk-full`. Default: no limit. */
  readonly maxSize?: number;
  /** Which SQLite: `node:sqlite` of Node.js 22.13 and later, or `libsql`. Default `auto`: the built-in one when there. */
  readonly driver?: 'auto' | 'node:sqlite' | 'libsql';
}
