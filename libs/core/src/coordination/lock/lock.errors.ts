import { CatgaError, type CatgaErrorOptions } from '../../foundation/index.js';

/** A lock was not free in time. */
export class LockTimeoutError extends CatgaError {
  readonly code = 'CATGA_LOCK_TIMEOUT';
  readonly kind = 'infrastructure';
  constructor(
    /** The name of the lock. */
    readonly lock: string,
    /** Milliseconds. */
    wait: number,
  ) {
    super(
      `The lock "${lock}" was not free within ${wait} ms: somebody else holds it. Try again later, wait longer (option wait), or do less while it is held.`,
      { details: { lock, wait } },
    );
  }
}

/** A lock is no longer held: others may have it. Stop, and undo nothing that they may have built on. */
export class LockLostError extends CatgaError {
  readonly code = 'CATGA_LOCK_LOST';
  readonly kind = 'infrastructure';
  constructor(
    /** The name of the lock. */
    readonly lock: string,
    readonly token: number,
    why: string,
    options: Pick<CatgaErrorOptions, 'cause'> = {},
  ) {
    super(
      `The lock "${lock}" (token ${token}) is no longer held: ${why}. Others may work on the same by now: stop, and write only where the token is checked. A longer ttl survives longer pauses.`,
      { ...options, details: { lock, token } },
    );
  }
}
