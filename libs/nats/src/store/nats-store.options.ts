import type { Duration } from '@catga/core';
import type { NatsConnectionOptions } from '../connection/index.js';

/** When the state is written down, so that a node need not replay the whole log. Whichever comes first. */
export interface NatsSnapshotOptions {
  /** Messages in the log since the last snapshot. Default 100,000. */
  readonly messages?: number;
  /** Bytes in the log since the last snapshot. Default 268,435,456 (256 MiB). */
  readonly bytes?: number;
}

/** Options of {@link NatsStore}. */
export interface NatsStoreOptions extends NatsConnectionOptions {
  /**
   * Name of the store: whoever uses the same one shares the data. Letters, digits, `-` and `_`; the streams are called
   * `<name>_LOG` and so on. Default `catga`.
   */
  readonly name?: string;
  /** Copies of the log over the servers of a cluster when it is made: 1, 3 or 5. Default 1. */
  readonly replicas?: number;
  /** Bytes that the log may take when it is made; commits fail beyond with reason `disk-full`. Default: no limit. */
  readonly maxBytes?: number;
  /**
   * What reads see. `latest`: every commit that was acknowledged before the read began, by any node; it asks the server
   * for the end of the log, one question for all reads that wait. `local`: what has reached this node, its own commits
   * included; for reads that may be some milliseconds behind other nodes. Default `latest`.
   */
  readonly reads?: 'latest' | 'local';
  /** How long a commit or a read may take, reconnecting included. Default `'10s'`. */
  readonly commandTimeout?: Duration;
  /** Bytes of events to keep in memory; others are fetched when they are read. Default 67,108,864 (64 MiB). */
  readonly cacheSize?: number;
  /** Bytes that one commit may have; beyond the server's max_payload it travels in parts. Default 33,554,432 (32 MiB). */
  readonly maxCommitSize?: number;
  /** Refuse to open when the settings of the server or of the stream put data at risk. Default false: warn. */
  readonly strict?: boolean;
  /** When this node makes a snapshot, if no other one does. False: never. */
  readonly snapshots?: NatsSnapshotOptions | false;
}
