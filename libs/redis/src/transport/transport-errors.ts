import { CatgaError, TransportUnavailableError } from '@catga/core';
import {
  isAuthFailure,
  isConnectionFailure,
  isPassingRefusal,
  messageOf,
  RedisAuthError,
  RedisClosedError,
  RedisUnavailableError,
  type RedisConnection,
} from '../connection/index.js';

/** What went wrong with Redis, in the words of the port. Other coded errors stay what they are. */
export function toTransportError(error: unknown, connection: RedisConnection, doing: string): CatgaError {
  if (error instanceof RedisClosedError) return closedError();
  if (error instanceof RedisAuthError || isAuthFailure(error))
    return unavailable('authentication', error, connection, doing);
  if (error instanceof RedisUnavailableError || isConnectionFailure(error) || isPassingRefusal(error)) {
    return unavailable('connection', error, connection, doing);
  }
  if (error instanceof CatgaError) return error;
  if (messageOf(error).includes('OOM')) {
    return new TransportUnavailableError(
      'full',
      `Redis at ${connection.target} has no memory left (maxmemory), so it refuses ${doing}. Nothing was stored: give it more memory, or remove subscriptions that nobody reads any more (removeSubscription).`,
      { cause: error },
    );
  }
  return unavailable('unknown', error, connection, doing);
}

/** The transport is not open. */
export function closedError(): TransportUnavailableError {
  return new TransportUnavailableError(
    'closed',
    'The Redis transport is closed: the application has not opened it yet, or shuts down. What was acknowledged is kept by the server.',
  );
}

function unavailable(
  reason: 'authentication' | 'connection' | 'unknown',
  error: unknown,
  { target }: RedisConnection,
  doing: string,
): TransportUnavailableError {
  const said = error instanceof CatgaError ? error.message : `Redis at ${target}: ${messageOf(error)}.`;
  return new TransportUnavailableError(
    reason,
    `${said} This stopped ${doing}; whether it was done is not known when the connection broke meanwhile. What was acknowledged is not lost.`,
    { cause: error, details: { target } },
  );
}
