import { CatgaError, type CatgaErrorOptions } from '../foundation/index.js';
import type { QoS } from './transport-message.js';

/** Why a transport is away. */
export type TransportUnavailableReason =
  | 'closed'
  | 'connection'
  | 'authentication'
  | 'configuration'
  /** A subscription holds as many messages as it may: its members are too slow or away. Nothing was stored. */
  | 'full'
  | 'unknown';

/** The transport cannot be used now. What was acknowledged is not lost; try again later. */
export class TransportUnavailableError extends CatgaError {
  readonly code: string;
  readonly kind = 'infrastructure';
  constructor(
    readonly reason: TransportUnavailableReason,
    message: string,
    options?: CatgaErrorOptions,
  ) {
    super(message, options);
    this.code = `CATGA_TRANSPORT_${reason.toUpperCase()}`;
  }
}

/** A quality that the transport cannot give. Nothing was sent. */
export class UnsupportedQoSError extends CatgaError {
  readonly code = 'CATGA_UNSUPPORTED_QOS';
  readonly kind = 'configuration';
  constructor(transport: string, qos: unknown, supported: readonly QoS[]) {
    super(
      `Transport "${transport}" cannot give QoS ${String(qos)}; it gives ${supported.join(', ')}. Choose one of these, or another transport.`,
      { details: { transport, qos, supported } },
    );
  }
}

/** A subject or the name of a subscription that brokers would misunderstand. */
export class InvalidSubjectError extends CatgaError {
  readonly code = 'CATGA_INVALID_SUBJECT';
  readonly kind = 'configuration';
  constructor(what: 'subject' | 'subscription', name: string) {
    const rule =
      what === 'subject'
        ? 'words of letters, digits, "_" and "-" with dots between them, at most 200 characters; there are no wildcards'
        : 'letters, digits, "_" and "-", at most 100 characters';
    super(`"${name}" is not the name of a ${what}. Use ${rule}.`, { details: { what, name } });
  }
}

/** A message that the broker would refuse. Nothing was sent. */
export class MessageTooLargeError extends CatgaError {
  readonly code = 'CATGA_MESSAGE_TOO_LARGE';
  readonly kind = 'request';
  constructor(
    readonly messageId: string,
    readonly subject: string,
    /** Bytes. */
    readonly size: number,
    readonly limit: number,
    setting: string,
  ) {
    super(
      `Message ${messageId} for "${subject}" has ${size} bytes, the limit is ${limit} (${setting}). Keep large content elsewhere and send a reference to it, or raise the limit.`,
      { details: { messageId, subject, size, limit } },
    );
  }
}

/** Nobody answers this subject. Nothing was handled. */
export class NoResponderError extends CatgaError {
  readonly code = 'CATGA_NO_RESPONDER';
  readonly kind = 'infrastructure';
  constructor(readonly subject: string) {
    super(
      `No node answers "${subject}". Start the service that handles it, or check that it uses the same transport and the same name.`,
      { details: { subject } },
    );
  }
}

/** No reply in time. Whether the request was handled is unknown: repeat it only with an idempotency key. */
export class RequestTimeoutError extends CatgaError {
  readonly code = 'CATGA_REQUEST_TIMEOUT';
  readonly kind = 'infrastructure';
  constructor(
    readonly subject: string,
    readonly timeout: number,
  ) {
    super(
      `No reply to "${subject}" within ${timeout} ms; whether it was handled is unknown. Repeat it with the same idempotency key, or wait longer.`,
      { details: { subject, timeout } },
    );
  }
}

/**
 * The responder threw instead of answering. Layers above answer with a reply that holds their error, so this one means
 * a responder that was registered by hand, or a reply that was too large.
 */
export class RequestFailedError extends CatgaError {
  readonly code = 'CATGA_REQUEST_FAILED';
  readonly kind = 'internal';
  constructor(
    readonly subject: string,
    reason: string,
  ) {
    super(
      `The node that answers "${subject}" failed: ${reason}. Its log has the stack; a responder that wants its errors known answers with them.`,
      { details: { subject, reason } },
    );
  }
}

/** A message that no broker could carry: no id, a header with a line break, a body that is neither text nor bytes. */
export class InvalidTransportMessageError extends CatgaError {
  readonly code = 'CATGA_INVALID_TRANSPORT_MESSAGE';
  readonly kind = 'request';
  constructor(messageId: string, problem: string) {
    super(`Message "${messageId}" cannot be sent: ${problem}.`, { details: { messageId } });
  }
}

/** Thrown by a handler: trying again is no use, the message becomes a dead letter now. */
export class UnprocessableMessageError extends CatgaError {
  readonly code = 'CATGA_UNPROCESSABLE_MESSAGE';
  readonly kind = 'request';
}
