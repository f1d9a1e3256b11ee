/** What travels with a message; every handler gets it as its second argument. */
export interface MessageContext {
  /** Id of this message. */
  readonly messageId: string;
  /** Id shared by everything that one outside request has caused. */
  readonly correlationId: string;
  /** Id of the message that caused this one. */
  readonly causationId?: string;
  readonly tenant?: string;
  /** W3C `traceparent`. */
  readonly traceparent?: string;
  /** The same for every repetition of the same intent: the receiver may answer a repetition with the first answer. */
  readonly idempotencyKey?: string;
  /** Aborted when the caller no longer waits: time-out, cancellation, shutdown. */
  readonly signal: AbortSignal;
  readonly headers: Readonly<Record<string, string>>;
}

/** What a sender may say about a message. */
export interface SendOptions {
  readonly signal?: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
  readonly idempotencyKey?: string;
  readonly correlationId?: string;
  readonly causationId?: string;
  readonly tenant?: string;
  readonly traceparent?: string;
}
