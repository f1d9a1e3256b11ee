import { NoResponderError, RequestFailedError, RequestTimeoutError } from '@catga/core';
import type { Reply, RequestOptions, TransportMessage } from '@catga/core';
import { createInbox, type Msg, type Subscription } from '@nats-io/transport-node';
import type { NatsLink } from '../connection/index.js';
import { decodeMessage, encodeMessage, splitEnvelope } from './envelope.js';
import { unavailable } from './errors.js';
import type { Names } from './names.js';

const DEFAULT_TIMEOUT = 30_000;

interface Waiting {
  readonly subject: string;
  readonly end: (outcome: { reply: Reply } | { error: Error }) => void;
}

/** Requests of this node, and the one inbox in which all replies arrive. */
export class Requests {
  private readonly inbox = `${createInbox()}.`;
  private readonly waiting = new Map<string, Waiting>();
  private readonly subscription: Subscription;
  private readonly unwatch: () => void;
  private count = 0;

  constructor(
    private readonly link: NatsLink,
    private readonly names: Names,
  ) {
    this.subscription = link.connection.subscribe(`${this.inbox}*`, {
      callback: (error, message) => {
        if (error === null) this.answered(message);
      },
    });
    this.unwatch = link.onEvent((event) => {
      if (event !== 'connected') this.rejectAll(event === 'closed');
    });
  }

  /** @param payload of the message, encoded already */
  send(message: TransportMessage, payload: Uint8Array, options: RequestOptions): Promise<Reply> {
    const { timeout = DEFAULT_TIMEOUT, signal } = options;
    const { subject } = message;
    return new Promise((resolve, reject) => {
      const token = (++this.count).toString(36);
      const aborted = (): void => end({ error: signal?.reason as Error });
      const late = setTimeout(() => end({ error: new RequestTimeoutError(subject, timeout) }), timeout);
      const end: Waiting['end'] = (outcome) => {
        this.waiting.delete(token);
        clearTimeout(late);
        signal?.removeEventListener('abort', aborted);
        if ('reply' in outcome) resolve(outcome.reply);
        else reject(outcome.error);
      };
      signal?.addEventListener('abort', aborted, { once: true });
      this.waiting.set(token, { subject, end });
      try {
        this.link.connection.publish(this.names.request(subject), payload, { reply: this.inbox + token });
      } catch (error) {
        end({ error: error as Error });
      }
    });
  }

  /** The caller's time travels along: a clock of another machine could not tell how much is left. */
  encode(message: TransportMessage, { timeout = DEFAULT_TIMEOUT }: RequestOptions): Buffer {
    return encodeMessage(message, { t: Date.now(), w: timeout });
  }

  close(): void {
    this.unwatch();
    this.rejectAll(true);
    if (!this.subscription.isClosed()) this.subscription.unsubscribe();
  }

  private answered(message: Msg): void {
    const waiting = this.waiting.get(message.subject.slice(this.inbox.length));
    if (waiting === undefined) return;
    if (message.headers?.code === 503) {
      waiting.end({ error: new NoResponderError(waiting.subject) });
      return;
    }
    const failure = splitEnvelope(message.data)?.f;
    if (failure !== undefined) {
      waiting.end({ error: new RequestFailedError(waiting.subject, failure) });
      return;
    }
    const { headers, body } = decodeMessage(message.data, '', 0, '');
    waiting.end({ reply: { headers, body } });
  }

  private rejectAll(isClosed: boolean): void {
    for (const { subject, end } of [...this.waiting.values()]) {
      const what = `the reply to "${subject}" was awaited; whether the request was handled is unknown`;
      end({ error: unavailable(isClosed ? 'closed' : 'connection', this.link.servers, what) });
    }
  }
}
