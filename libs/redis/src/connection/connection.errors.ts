import { CatgaError } from '@catga/core';

/** The server does not let us in: password, user, or the rights of the user. */
export class RedisAuthError extends CatgaError {
  readonly code = 'CATGA_REDIS_AUTH';
  readonly kind = 'configuration';
  constructor(target: string, answer: string, options?: ErrorOptions) {
    super(
      `Redis at ${target} refuses the login: ${withoutDot(answer)}. Check password and username of the Redis options, and the user's rights (ACL LIST).`,
      { ...options, details: { target, answer } },
    );
  }
}

/** Whether the server may have got what it was not able to answer, beside the options of any error. */
export interface RedisUnavailableOptions extends ErrorOptions {
  /** False: nothing was sent. Default false. */
  readonly wasSent?: boolean;
}

/** The server cannot be reached, or the connection was lost. */
export class RedisUnavailableError extends CatgaError {
  readonly code = 'CATGA_REDIS_UNAVAILABLE';
  readonly kind = 'infrastructure';
  /** The server may have done what it was asked. False: it was never sent. */
  readonly wasSent: boolean;
  /** What has happened, without what became of the command and what to do. */
  readonly summary: string;
  constructor(target: string, reason: string, { wasSent = false, ...options }: RedisUnavailableOptions = {}) {
    const summary = wasSent
      ? `Redis at ${target} was lost before it answered: ${withoutDot(reason)}`
      : `Redis at ${target} cannot be reached: ${withoutDot(reason)}`;
    const fate = wasSent
      ? 'Whether it has done what it was asked is not known. Connecting goes on by itself.'
      : 'Nothing was sent. Connecting goes on by itself; check that the server runs and that the address is right.';
    super(`${summary}. ${fate}`, { ...options, details: { target, reason, wasSent } });
    this.wasSent = wasSent;
    this.summary = summary;
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

/** Whether the client knows that it did not send it. */
export function wasNotSent(error: unknown): boolean {
  if (error instanceof RedisUnavailableError) return !error.wasSent;
  return /enableOfflineQueue|^(Cluster is ended|None of startup nodes|Failed to refresh slots cache)/.test(
    messageOf(error),
  );
}

const REASONS: Record<string, string> = {
  ECONNREFUSED: 'nothing takes connections there',
  ECONNRESET: 'the connection was broken',
  EPIPE: 'the connection was broken',
  ETIMEDOUT: 'it did not answer in time',
  ENOTFOUND: 'the name of the host is not known',
  EAI_AGAIN: 'the name of the host could not be looked up',
  EHOSTUNREACH: 'there is no way to the host',
  ENETUNREACH: 'there is no way to the network',
  ClusterAllFailedError: 'none of the nodes of the cluster answers',
};

/** Why there is no connection: in words, and with the code that can be looked up. */
export function reasonOf(error: unknown): string {
  const { code = '', name = '' } = (error ?? {}) as { code?: string; name?: string };
  const known = REASONS[code] ?? REASONS[name];
  if (known !== undefined) return code === '' ? known : `${known} (${code})`;
  if (error === undefined || isConnectionFailure(error)) return code === '' ? LOST : `${LOST} (${code})`;
  // Errors of sockets have no text when several addresses were tried.
  return messageOf(error) || code || name;
}

const LOST = 'the connection was lost';

/** Whether the server is there but not ready: starting up, or changing its roles. Sending again soon helps. */
export function isPassingRefusal(error: unknown): boolean {
  return /^(LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|READONLY|BUSY |UNBLOCKED)/.test(messageOf(error));
}

/** The text of whatever was thrown. */
export function messageOf(error: unknown): string {
  const { message } = (error ?? {}) as { message?: unknown };
  return typeof message === 'string' ? message : String(error);
}

/** Text that a sentence can go on after. */
export function withoutDot(text: string): string {
  return text.replace(/\.+\s*$/, '');
}
