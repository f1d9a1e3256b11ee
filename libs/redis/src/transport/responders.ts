import {
  assertReply,
  contentSize,
  MessageTooLargeError,
  type Reply,
  type RequestHandler,
  type Responder,
} from '@catga/core';
import { Logger } from '@nestjs/common';
import type { Inbox } from './inbox.js';
import { pack, unpack } from './message-format.js';
import type { RequestHead } from './requests.js';
import type { ServerClock } from './server-clock.js';

/** A subject that this node answers. */
export class RedisResponder implements Responder {
  private readonly logger = new Logger('Transport');
  private readonly address: string;
  private readonly running = new Map<string, AbortController>();
  private whenIdle: (() => void)[] = [];
  private isStopped = false;

  /**
   * @param limit bytes of the largest reply
   * @param left called once, when it takes no more requests
   */
  constructor(
    private readonly inbox: Inbox,
    private readonly clock: ServerClock,
    readonly subject: string,
    private readonly handler: RequestHandler,
    private readonly limit: number,
    private readonly left: (responder: RedisResponder) => void,
  ) {
    this.address = inbox.address();
  }

  async start(): Promise<void> {
    this.inbox.listen(this.address, (kind, content) => {
      if (kind === 'r') void this.answer(content);
      else if (kind === 'c') this.running.get(content.toString())?.abort(new Error('The caller waits no longer.'));
    });
    await this.inbox.announce(`r:${this.subject}`, this.address);
  }

  async stop(): Promise<void> {
    if (!this.isStopped) {
      this.isStopped = true;
      await this.inbox.withdraw(`r:${this.subject}`, this.address).catch(() => undefined);
      this.left(this);
    }
    if (this.running.size > 0) await new Promise<void>((resolve) => this.whenIdle.push(resolve));
    this.inbox.forget(this.address);
  }

  /** {@link stop} that waits `limit` milliseconds at most, then aborts its handlers. */
  async close(limit: number, reason: Error): Promise<void> {
    const timer = setTimeout(() => {
      for (const abort of this.running.values()) abort.abort(reason);
      for (const wake of this.whenIdle.splice(0)) wake();
    }, limit);
    await this.stop();
    clearTimeout(timer);
  }

  private async answer(content: Buffer): Promise<void> {
    const { beside, headers, body } = unpack<RequestHead>(content);
    // Its caller has given up: what it asked for must not happen any more.
    if (this.clock.now() > beside.deadline) return;
    const abort = new AbortController();
    this.running.set(beside.reply, abort);
    const { i: id, k: key, t: publishedAt } = beside;
    const { subject } = this;
    const request = { id, subject, ...(key !== undefined && { key }), headers, body, publishedAt, attempt: 1 };
    try {
      const reply = await this.handler(request, abort.signal);
      this.reply(beside, {}, this.checked(id, reply));
    } catch (error) {
      this.logger.error(`The responder of "${subject}" failed: ${String(error)}`, (error as Error)?.stack);
      const reason = error instanceof Error ? error.message : String(error);
      this.reply(beside, { failed: reason }, { body: '' });
    }
    this.running.delete(beside.reply);
    if (this.running.size === 0) for (const wake of this.whenIdle.splice(0)) wake();
  }

  private reply({ reply: to, deadline }: RequestHead, beside: { failed?: string }, reply: Reply): void {
    void this.inbox.deliver(to, 'a', pack(beside, reply), deadline);
  }

  private checked(requestId: string, reply: Reply): Reply {
    assertReply(requestId, reply);
    const size = contentSize(reply);
    if (size <= this.limit) return reply;
    throw new MessageTooLargeError(requestId, this.subject, size, this.limit, 'maxMessageSize of RedisTransport');
  }
}
