import { CatgaError } from '@catga/core';

/** The server does not let us in: password, user, or the rights of the user. */
export class RedisAuthError extends CatgaError {
  readonly code = 'CATGA_REDIS_AUTH';
  readonly kind = 'configuration';
  constructor(target: string, answer: string, options?: ErrorOptions) {
    super(
      `Redis at ${target} refuses the login: ${answer}. Check password and username of the Redis options, and the user's rights (ACL LIST).`,
      { ...options, details: { target, answer } },
    );
  }
}

/** The server cannot be reached, or the connection was lost. */
export class RedisUnavailableError extends CatgaError {
  readonly code = 'CATGA_REDIS_UNAVAILABLE';
  readonly kind = 'infrastructure';
  constructor(target: string, reason: string, options?: ErrorOptions) {
    super(
      `Redis at ${target} cannot be reached: ${reason}. Connecting goes on by itself; check that the server runs and that the address is right.`,
      { ...options, details: { target, reason } },
    );
  }
}

/** A connection was used after it was closed. */
export class RedisClosedError extends CatgaError {
  readonly code = 'CATGA_REDIS_CLOSED';
  readonly kind = 'infrastructure';
  constructor(role: string) {
    super(`The Redis connection "${role}" is closed. Open another one.`, { details: { role } });
  }
}

/** Whether the server refused the login. */
export function isAuthFailure(error: unknown): boolean {
  return /^(WRONGPASS|NOAUTH|NOPERM|ERR invalid password|ERR AUTH)/.test(messageOf(error));
}

/** Whether no answer came, so that it is not known what became of the command: sending again may help. */
export function isConnectionFailure(error: unknown): boolean {
  if (error instanceof RedisUnavailableError) return true;
  const { name = '', code = '' } = (error ?? {}) as { name?: string; code?: string };
  if (/^E[A-Z]+$/.test(code)) return true;
  if (/^(MaxRetriesPerRequestError|ClusterAllFailedError|AbortError)$/.test(name)) return true;
  return /^(Connection is closed|Stream isn't writeable|Cluster isn't ready|Cluster is ended|None of startup nodes|Too many Cluster redirections)/.test(
    messageOf(error),
  );
}

/** Whether the server is there but not ready: starting up, or changing its roles. Sending again soon helps. */
export function isPassingRefusal(error: unknown): boolean {
  return /^(LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|READONLY|BUSY |UNBLOCKED)/.test(messageOf(error));
}

/** The text of whatever was thrown. */
export function messageOf(error: unknown): string {
  const { message } = (error ?? {}) as { message?: unknown };
  return typeof message === 'string' ? message : String(error);
}
