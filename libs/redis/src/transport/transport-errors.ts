import { CatgaError, TransportUnavailableError, type TransportUnavailableReason } from '@catga/core';
import {
  isAuthFailure,
  isConnectionFailure,
  isPassingRefusal,
  messageOf,
  RedisAuthError,
  RedisClosedError,
  RedisUnavailableError,
  wasNotSent,
  withoutDot,
  type RedisConnection,
} from '../connection/index.js';

/** What a call of the port consists of. */
export type Extent =
  /** One command: it was done, or not. */
  | 'whole'
  /** Several, which may be repeated. */
  | 'steps';

/** Of what went in several calls, some have failed as the first of these did. */
export class PartialFailure extends Error {
  constructor(readonly first: Error) {
    super(first.message, { cause: first });
  }
}

/** What went wrong with Redis, in the words of the port. Other coded errors stay what they are. */
export function toTransportError(
  error: unknown,
  connection: RedisConnection,
  doing: string,
  extent: Extent = 'steps',
): CatgaError {
  if (error instanceof PartialFailure) return toTransportError(error.first, connection, doing, 'steps');
  const unavailable = (reason: TransportUnavailableReason): TransportUnavailableError =>
    unavailableError(reason, error, connection, `${doing}${fateOf(error, extent)}`);
  if (error instanceof RedisClosedError) return closedError();
  if (error instanceof RedisAuthError || isAuthFailure(error)) return unavailable('authentication');
  if (error instanceof RedisUnavailableError || isConnectionFailure(error) || isPassingRefusal(error)) {
    return unavailable('connection');
  }
  if (error instanceof CatgaError) return error;
  if (messageOf(error).includes('OOM')) {
    return new TransportUnavailableError(
      'full',
      `Redis at ${connection.target} has no memory left (maxmemory), so it refuses ${doing}. ${extent === 'whole' ? 'Nothing' : 'Not all'} was stored: give it more memory, or remove subscriptions that nobody reads any more (removeSubscription).`,
      { cause: error },
    );
  }
  return unavailable('unknown');
}

/** The transport is not open. */
export function closedError(): TransportUnavailableError {
  return new TransportUnavailableError(
    'closed',
    'The Redis transport is closed: the application has not opened it yet, or shuts down. What was acknowledged is kept by the server.',
  );
}

function fateOf(error: unknown, extent: Extent): string {
  if (extent === 'steps') return '. It may be done in part: do it again when the server is there';
  const isRefused = isPassingRefusal(error) || error instanceof RedisAuthError || isAuthFailure(error);
  if (isRefused || wasNotSent(error)) return ', of which nothing was done. Try it again when the server is there';
  return '; whether it was done is not known. What was acknowledged is not lost';
}

function unavailableError(
  reason: TransportUnavailableReason,
  error: unknown,
  { target }: RedisConnection,
  stopped: string,
): TransportUnavailableError {
  let said = `Redis at ${target} answers: ${messageOf(error)}`;
  if (error instanceof RedisUnavailableError) said = error.summary;
  else if (error instanceof CatgaError) said = error.message;
  return new TransportUnavailableError(reason, `${withoutDot(said)}. This stopped ${stopped}.`, {
    cause: error,
    details: { target },
  });
}
