import { MessageTooLargeError, TransportUnavailableError, type TransportUnavailableReason } from '@catga/core';
import { JetStreamError, NatsUnavailableError, type NatsUnavailableReason } from '../connection/index.js';

const REASONS: Readonly<Record<NatsUnavailableReason, TransportUnavailableReason>> = {
  unreachable: 'connection',
  refused: 'authentication',
  'jetstream-off': 'configuration',
  disconnected: 'connection',
  timeout: 'connection',
  closed: 'closed',
};
/** JetStream's numbers of "the stream is full". */
const FULL = [10_077, 10_076, 10_047, 10_023];

/** What NATS says, in the words of the `Transport` contract. Anything else is returned as it is. */
export function toTransportError(error: unknown): unknown {
  if (error instanceof NatsUnavailableError) {
    return new TransportUnavailableError(REASONS[error.reason], error.message, {
      cause: error,
      details: error.details,
    });
  }
  if (error instanceof JetStreamError) {
    const reason = FULL.includes(error.errorCode) ? 'full' : 'unknown';
    return new TransportUnavailableError(reason, error.message, { cause: error, details: error.details });
  }
  return error;
}

/** Runs something and translates what it throws. */
export async function translated<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw toTransportError(error);
  }
}

/** The connection is closed or gone. `what` says what was to be done. */
export function unavailable(
  reason: 'closed' | 'connection',
  servers: readonly string[],
  what: string,
): TransportUnavailableError {
  const [state, advice] =
    reason === 'closed'
      ? ['closed: the application has not opened it yet, or shuts down', 'Open it first']
      : ['lost', 'It is made again by itself: try again'];
  return new TransportUnavailableError(
    reason,
    `The connection of the transport to NATS at ${servers.join(', ')} is ${state}, and ${what}. ${advice}.`,
    { details: { servers } },
  );
}

/** A message that the server would refuse. */
export function tooLarge(id: string, subject: string, size: number, limit: number): MessageTooLargeError {
  return new MessageTooLargeError(
    id,
    subject,
    size,
    limit,
    'max_payload of the NATS server, less what a dead letter adds',
  );
}

/** Kept with the dead letter of a message that was begun as often as it may be, and never came to an end. */
export class AbandonedMessageError extends Error {
  override readonly name = 'AbandonedMessageError';
  readonly code = 'CATGA_MESSAGE_ABANDONED';
  constructor(attempts: number) {
    super(
      `It was begun ${attempts} time(s) and never came to an end: the members that handled it died or were silent for longer than ackTimeout.`,
    );
  }
}
