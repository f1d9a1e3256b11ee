/** What is stored instead of a snapshot. */
export interface SealedSnapshot {
  readonly value: string | Uint8Array;
  /** Tags of its record, beside those it has anyway. */
  readonly tags: readonly string[];
}

/** Changes what is stored of snapshots, e.g. encrypts them. Works beside the write path, so it may wait. */
export interface SnapshotSeal {
  /** What to store; undefined: nothing, this state must not be kept. */
  seal(stream: string, encoded: string | Uint8Array): Promise<SealedSnapshot | undefined>;
  /** What was given to `seal`; undefined when it cannot be had any more, or is not trusted. */
  open(stream: string, value: unknown): Promise<string | Uint8Array | undefined>;
}
