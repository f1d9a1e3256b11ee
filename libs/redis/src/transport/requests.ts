import { setTimeout as sleep } from 'node:timers/promises';
import {
  NoResponderError,
  RequestFailedError,
  RequestTimeoutError,
  type Reply,
  type RequestOptions,
  type TransportMessage,
} from '@catga/core';
import type { Inbox } from './inbox.js';
import type { Link } from './link.js';
import { pack, unpack } from './message-format.js';
import { SCRIPTS } from './scripts/index.js';
import type { ServerClock } from './server-clock.js';

const DEFAULT_TIMEOUT = 30_000;
/** How long nodes take to be back after the server is. Milliseconds. */
const SETTLING = 5_000;
const PAUSE = 50;

/** A request beside its content. */
export interface RequestHead {
  readonly i: string;
  readonly k?: string;
  /** When it was sent, and until when somebody waits. Milliseconds since 1970 by the server's clock. */
  readonly t: number;
  readonly deadline: number;
  /** The address that waits for the reply. */
  readonly reply: string;
}

/** Sends requests and waits for their replies in the node's inbox; nothing of them is ever stored. */
export class Requests {
  private turn = Math.floor(Math.random() * 1_000);
  /** When the server was there again after a loss. */
  private regainedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly link: Link,
    private readonly inbox: Inbox,
    private readonly clock: ServerClock,
    private readonly isCluster: boolean,
  ) {
    let wasLost = false;
    link.onStatus((status) => {
      if (status === 'ready' && wasLost) this.regainedAt = performance.now();
      wasLost = status === 'lost';
    });
  }

  async request(message: TransportMessage, options: RequestOptions): Promise<Reply> {
    const { timeout = DEFAULT_TIMEOUT, signal } = options;
    if (signal?.aborted === true) throw signal.reason as Error;
    const end = performance.now() + timeout;
    if (!this.link.isReady) throw this.link.connection.problem();
    await this.inbox.listening(timeout);
    const left = Math.max(1, end - performance.now());
    const address = this.inbox.address();
    const { id, key, subject } = message;
    const now = this.clock.now();
    const head: RequestHead = {
      i: id,
      ...(key !== undefined && { k: key }),
      t: now,
      deadline: now + left,
      reply: address,
    };
    const answer = this.wait(address, subject, { timeout, left }, signal);
    try {
      const responder = await this.send(subject, pack(head, message), answer);
      answer.cancel = () => this.inbox.send(responder, 'c', Buffer.from(address));
      return await answer.reply;
    } finally {
      answer.end();
    }
  }

  /** Returns who has got it, or '' when the reply was quicker. */
  private async send(subject: string, text: Buffer, answer: PendingAnswer): Promise<string> {
    const replied = answer.reply.then(() => '');
    for (;;) {
      const args = [subject, this.turn++, this.isCluster ? 0 : 1, text];
      const responder = String(await Promise.race([this.link.run(SCRIPTS.request, args), replied]));
      if (responder !== '' || answer.hasCome()) return responder;
      // Whoever answers lost the server as this node did, and may be back a moment later.
      if (performance.now() - this.regainedAt > SETTLING) throw new NoResponderError(subject);
      await Promise.race([sleep(PAUSE), replied]);
    }
  }

  private wait(address: string, subject: string, limits: Limits, signal: AbortSignal | undefined): PendingAnswer {
    return new PendingAnswer(this.inbox, address, subject, limits, signal);
  }
}

/** How long the caller waits in all, and from now on. Milliseconds. */
interface Limits {
  readonly timeout: number;
  readonly left: number;
}

/** A reply that is waited for. */
class PendingAnswer {
  readonly reply: Promise<Reply>;
  /** Tells the responder that nobody waits any longer. */
  cancel: () => void = () => undefined;
  private isHere = false;
  private readonly timer: NodeJS.Timeout;
  private readonly aborted: () => void;

  constructor(
    private readonly inbox: Inbox,
    private readonly address: string,
    private readonly subject: string,
    { timeout, left }: Limits,
    private readonly signal: AbortSignal | undefined,
  ) {
    let settle!: { resolve: (reply: Reply) => void; reject: (error: Error) => void };
    this.reply = new Promise<Reply>((resolve, reject) => (settle = { resolve, reject }));
    // Whoever sent the request may fail before it looks at the reply.
    this.reply.catch(() => undefined);
    const giveUp = (error: Error): void => {
      settle.reject(error);
      this.cancel();
    };
    this.timer = setTimeout(() => giveUp(new RequestTimeoutError(subject, timeout)), left);
    this.aborted = () => giveUp(signal?.reason as Error);
    signal?.addEventListener('abort', this.aborted, { once: true });
    inbox.listen(address, (kind, content) => {
      if (kind === 'a') this.take(content, settle);
    });
  }

  hasCome(): boolean {
    return this.isHere;
  }

  end(): void {
    clearTimeout(this.timer);
    this.signal?.removeEventListener('abort', this.aborted);
    this.inbox.forget(this.address);
  }

  private take(content: Buffer, settle: { resolve: (reply: Reply) => void; reject: (error: Error) => void }): void {
    this.isHere = true;
    const { beside, headers, body } = unpack<{ failed?: string }>(content);
    if (beside.failed === undefined) settle.resolve({ headers, body });
    else settle.reject(new RequestFailedError(this.subject, beside.failed));
  }
}
