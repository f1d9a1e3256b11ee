/** An encoded value. */
export type CachePayload = string | Uint8Array;

/** What is kept under a key. */
export interface CacheHit {
  /** Left out: it is known that there is nothing. */
  readonly payload?: CachePayload;
  /** Its ttl is over; it is kept to be used while a new one is made. */
  readonly isStale: boolean;
}

/** What to keep under a key. */
export interface CacheWrite {
  /** Left out: there is nothing, and that is to be remembered. */
  readonly payload?: CachePayload;
  /** Milliseconds for which it is fresh. */
  readonly ttl: number;
  /** Milliseconds after that for which it is stale. */
  readonly staleFor: number;
  readonly tags: readonly string[];
}

/** What came of asking to make a value. */
export type CacheFlight =
  /** Somebody was faster: here it is, fresh. */
  | { readonly hit: CacheHit }
  /** Make it. */
  | { readonly isMine: true }
  /** Somebody makes it. Ask again when told, or after these milliseconds. */
  | { readonly retryIn: number };

/** Keeps two nodes from making the same value at once. */
export interface CacheFlights {
  /** @param lease milliseconds until others may make it */
  begin(key: string, owner: string, lease: number, tags: readonly string[]): Promise<CacheFlight>;
  /** Keeps the value, unless the key or one of its tags was removed or written since the beginning. */
  land(key: string, owner: string, entry: CacheWrite): Promise<void>;
  /** No value was made: others may try. */
  abandon(key: string, owner: string): Promise<void>;
  /** Calls the listener soon after a flight for that key has ended. Returns the way to stop it. */
  onEnd(key: string, listener: () => void): () => void;
}

/** Where cached values are kept. They may be gone at any time. */
export interface CacheBackend {
  /** Short name for messages: `redis`, … */
  readonly name: string;
  read(key: string): Promise<CacheHit | undefined>;
  write(key: string, entry: CacheWrite): Promise<void>;
  /** False when there was nothing. */
  remove(key: string): Promise<boolean>;
  /** Removes everything with that tag. */
  removeTag(tag: string): Promise<void>;
  /** Left out: two nodes may make the same value at once. */
  readonly flights?: CacheFlights;
}
