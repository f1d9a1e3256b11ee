/**
 * A lock that is held. It ends with `release()`, at the end of an `await using` block, or by being lost: when it could not
 * be renewed in time, because the store was away or this OS process stood still.
 */
export interface Lock extends AsyncDisposable {
  readonly name: string;
  /**
   * Fencing token: above all that were given for this name before, for ever, also after expiry and restarts. Write it
   * beside what the lock protects, and refuse writes with a lower one: then a holder that woke up too late does no harm.
   */
  readonly token: number;
  /** Aborted when the lock is lost, with a {@link LockLostError}. Give it to whatever works under the lock. */
  readonly signal: AbortSignal;
  /** Whether the lease still holds by our own clock, measured from before it was asked for. */
  readonly isHeld: boolean;
  /** @throws {LockLostError} unless {@link Lock.isHeld} */
  assertHeld(): void;
  /**
   * Gives the lock to the next one. Does nothing when it has ended.
   *
   * @throws what the store says; the lock then ends by itself, after its ttl
   */
  release(): Promise<void>;
}
