import { CatgaError, type CatgaErrorOptions } from '@catga/core';

/** Why NATS cannot be used. */
export type NatsUnavailableReason =
  /** Nobody answers at the address. */
  | 'unreachable'
  /** The server does not let us in. */
  | 'refused'
  /** The server runs without JetStream, or this account may not use it. */
  | 'jetstream-off'
  /** The connection was lost while something was under way. */
  | 'disconnected'
  /** No answer in time. */
  | 'timeout'
  /** We have closed the connection. */
  | 'closed';

/** NATS cannot be used now. `code` is `CATGA_NATS_` and the reason. */
export class NatsUnavailableError extends CatgaError {
  readonly code: string;
  readonly kind = 'infrastructure';
  constructor(
    readonly reason: NatsUnavailableReason,
    message: string,
    options?: CatgaErrorOptions,
  ) {
    super(message, options);
    this.code = `CATGA_NATS_${reason.toUpperCase().replaceAll('-', '_')}`;
  }
}

/** JetStream has refused a request. {@link JetStreamError.errorCode} is its own number, see `nats errors lookup`. */
export class JetStreamError extends CatgaError {
  readonly code = 'CATGA_NATS_JETSTREAM';
  readonly kind = 'infrastructure';
  constructor(
    readonly subject: string,
    /** JetStream's own number of the error, e.g. 10059 for a stream that is not there. */
    readonly errorCode: number,
    readonly description: string,
  ) {
    super(
      `JetStream refused "${subject}": ${description} (error ${errorCode}). Look the number up with "nats errors lookup ${errorCode}", and check the limits and permissions of this account.`,
      { details: { subject, errorCode, description } },
    );
  }
}

/** A message that the server would not take. Nothing was sent, and what comes after it is not held up. */
export class MessageTooLargeError extends CatgaError {
  readonly code = 'CATGA_NATS_MESSAGE_TOO_LARGE';
  readonly kind = 'request';
  constructor(what: string, size: number, limit: number) {
    super(
      `${what} takes ${size} bytes in one message; this NATS server takes ${limit} (max_payload). Nothing was sent. Split it, keep large data elsewhere and store where it is, or raise max_payload on the server.`,
      { details: { what, size, limit } },
    );
  }
}
