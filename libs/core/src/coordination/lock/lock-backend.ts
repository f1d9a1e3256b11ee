/** Who wants which lock. */
export interface LockRequest {
  readonly name: string;
  /** Unique to this attempt to get it. The same owner asking again means the same attempt. */
  readonly owner: string;
  /** Milliseconds until others may have it, unless it is renewed. */
  readonly ttl: number;
  /** Whether to keep a place in the line when it is not free. */
  readonly queue: boolean;
}

/** What came of a {@link LockRequest}. */
export type LockAnswer =
  | { readonly isGranted: true; readonly token: number }
  | {
      readonly isGranted: false;
      /** Milliseconds after which asking again makes sense, if no release is heard of before. */
      readonly retryIn: number;
    };

/**
 * Where locks are kept. `DistributedLock` does the rest: waiting, renewing, telling the holder. Clocks of the place
 * decide what has run out.
 *
 * What it owes: one owner at a time for each name; a token above all earlier ones of that name with every grant, for ever;
 * those who queue come before those who do not, for as long as they ask again in time.
 */
export interface LockBackend {
  /** Short name for messages: `redis`, … */
  readonly name: string;
  /** Gives the lock if it is free. Asked again by its owner, it answers with the same token and renews. */
  take(request: LockRequest): Promise<LockAnswer>;
  /** False when the owner has it no longer. */
  renew(name: string, owner: string, ttl: number): Promise<boolean>;
  /** Frees the lock, or gives up the place in the line. Does nothing for anybody else. */
  release(name: string, owner: string): Promise<void>;
  /** Calls the listener soon after the lock was released; needless calls do no harm. Returns the way to stop it. */
  onRelease(name: string, listener: () => void): () => void;
}
