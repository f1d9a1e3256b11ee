import { createInbox, type Msg, type MsgHdrs, type Subscription } from '@nats-io/transport-node';
import type { NatsLink } from './nats-link.js';
import { JetStreamError, MessageTooLargeError, NatsUnavailableError } from './nats.errors.js';

/** What JetStream says when it has kept a message. */
export interface PublishAck {
  readonly stream: string;
  /** Number of the message in the stream. */
  readonly sequence: number;
  /** True when a message with the same id was kept before; `sequence` is that one's. */
  readonly duplicate: boolean;
}

/** How a message is published. */
export interface PublishAckOptions {
  readonly headers?: MsgHdrs;
  /** Milliseconds to wait for the answer. Default: that of the {@link PublishAcks}. */
  readonly timeout?: number;
}

interface Waiting {
  readonly subject: string;
  readonly payload: Uint8Array | string;
  readonly headers: MsgHdrs | undefined;
  readonly deadline: number;
  readonly resolve: (ack: PublishAck) => void;
  readonly reject: (error: Error) => void;
}

/** How often overdue answers are looked for. Milliseconds. */
const SWEEP = 100;
/**
 * JetStream's numbers for a message whose id, or whose subject with an expected sequence, is that of another one that the
 * servers of a cluster are just agreeing on: refused without a verdict.
 */
const IN_PROCESS: ReadonlySet<number> = new Set([10_158, 10_164]);
/** Pause before such a message is sent again: as soon as they have agreed, there is an answer. Milliseconds. */
const AGAIN = 20;

/**
 * Publishes to JetStream and waits for the answers: one inbox and one map for all of them. The client's own `publish` makes a timer,
 * several promises and an error with a stack for each message, which is four fifths of its cost.
 *
 * An answer that did not come says nothing about the message: it may have been kept. Give it a `Nats-Msg-Id` header, or
 * make it safe to repeat, before sending it again.
 */
export class PublishAcks {
  private readonly inbox: string;
  private readonly waiting = new Map<string, Waiting>();
  private readonly subscription: Subscription;
  private readonly unwatch: () => void;
  private timer: NodeJS.Timeout | undefined;
  private count = 0;

  /** @param timeout milliseconds to wait for an answer */
  constructor(
    private readonly link: NatsLink,
    private readonly timeout = 5_000,
  ) {
    this.inbox = `${createInbox()}.`;
    this.subscription = link.connection.subscribe(`${this.inbox}*`, {
      callback: (error, message) => {
        if (error === null) this.answered(message);
      },
    });
    this.unwatch = link.onEvent((event) => {
      if (event !== 'connected') this.rejectAll(event);
    });
  }

  /** Messages without an answer yet. */
  get pending(): number {
    return this.waiting.size;
  }

  /**
   * Publishes one message.
   *
   * @throws {MessageTooLargeError} nothing was sent
   * @throws {NatsUnavailableError} `disconnected` or `timeout`: it may have been kept; `jetstream-off`: no stream takes this subject
   * @throws {JetStreamError} the stream has refused it
   */
  publish(subject: string, payload: Uint8Array | string, options: PublishAckOptions = {}): Promise<PublishAck> {
    return new Promise((resolve, reject) => {
      const { headers, timeout = this.timeout } = options;
      const { link } = this;
      if (!link.connected) {
        reject(disconnected(link, subject, 'Nothing was sent'));
        return;
      }
      const size = typeof payload === 'string' ? Buffer.byteLength(payload) : payload.length;
      // Headers are counted too; the client does so exactly and throws.
      if (size > link.maxPayload) {
        reject(new MessageTooLargeError(`The message to "${subject}"`, size, link.maxPayload));
        return;
      }
      try {
        this.send({ subject, payload, headers, deadline: performance.now() + timeout, resolve, reject });
      } catch (error) {
        reject(this.notSent(error as Error, subject, size));
      }
    });
  }

  /** Waits for no more answers; those that are missing are rejected. */
  close(): void {
    this.unwatch();
    this.rejectAll('closed');
    if (!this.subscription.isClosed()) this.subscription.unsubscribe();
  }

  private send(message: Waiting): void {
    const { subject, payload, headers } = message;
    const token = (++this.count).toString(36);
    const reply = this.inbox + token;
    this.link.connection.publish(subject, payload, headers === undefined ? { reply } : { reply, headers });
    this.waiting.set(token, message);
    this.timer ??= setInterval(this.sweep, SWEEP);
  }

  /** The same message, for an answer that it does not have yet. */
  private sendAgain(message: Waiting): void {
    const { link } = this;
    if (!link.connected || this.subscription.isClosed()) {
      message.reject(disconnected(link, message.subject, 'Whether it was kept is unknown'));
      return;
    }
    try {
      this.send(message);
    } catch (error) {
      message.reject(this.notSent(error as Error, message.subject, 0));
    }
  }

  private answered(message: Msg): void {
    const token = message.subject.slice(this.inbox.length);
    const waiting = this.waiting.get(token);
    if (waiting === undefined) return;
    this.waiting.delete(token);
    if (message.data.length === 0) {
      waiting.reject(noStream(this.link, waiting.subject));
      return;
    }
    const { stream, seq, duplicate, error } = message.json<{
      stream: string;
      seq: number;
      duplicate?: boolean;
      error?: { err_code?: number; code?: number; description?: string };
    }>();
    if (error === undefined) waiting.resolve({ stream, sequence: seq, duplicate: duplicate === true });
    else {
      const { err_code: code = error.code ?? 0, description = 'no reason given' } = error;
      if (IN_PROCESS.has(code) && performance.now() + AGAIN < waiting.deadline) {
        setTimeout(() => this.sendAgain(waiting), AGAIN);
        return;
      }
      waiting.reject(new JetStreamError(waiting.subject, code, description));
    }
  }

  private notSent(error: Error, subject: string, size: number): Error {
    if (/max_payload/.test(error.message)) {
      return new MessageTooLargeError(`The message to "${subject}", without its headers,`, size, this.link.maxPayload);
    }
    return disconnected(this.link, subject, 'Nothing was sent', error);
  }

  private readonly sweep = (): void => {
    const now = performance.now();
    for (const [token, waiting] of this.waiting) {
      if (waiting.deadline > now) continue;
      this.waiting.delete(token);
      waiting.reject(
        new NatsUnavailableError(
          'timeout',
          `JetStream at ${this.link.servers.join(', ')} did not acknowledge a message to "${waiting.subject}" in time. Whether it was kept is unknown: send it again with the same id.`,
          { details: { subject: waiting.subject, servers: this.link.servers } },
        ),
      );
    }
    if (this.waiting.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  };

  private rejectAll(event: 'disconnected' | 'closed'): void {
    clearInterval(this.timer);
    this.timer = undefined;
    const waiting = [...this.waiting.values()];
    this.waiting.clear();
    for (const { subject, reject } of waiting) {
      reject(disconnected(this.link, subject, 'Whether it was kept is unknown', undefined, event));
    }
  }
}

function disconnected(
  link: NatsLink,
  subject: string,
  fate: string,
  cause?: Error,
  reason: 'disconnected' | 'closed' = 'disconnected',
): NatsUnavailableError {
  return new NatsUnavailableError(
    reason,
    `The connection to NATS at ${link.servers.join(', ')} is ${reason === 'closed' ? 'closed' : 'lost'}; it was to publish a message to "${subject}". ${fate}. ${reason === 'closed' ? 'Open it again' : 'It is made again by itself'}: send it again with the same id.`,
    { details: { subject, servers: link.servers }, ...(cause !== undefined && { cause }) },
  );
}

function noStream(link: NatsLink, subject: string): NatsUnavailableError {
  return new NatsUnavailableError(
    'jetstream-off',
    `JetStream at ${link.servers.join(', ')} keeps no stream for "${subject}" that answers now: the stream is missing, has no leader for the moment, or JetStream is off. Nothing was kept.`,
    { details: { subject, servers: link.servers } },
  );
}
