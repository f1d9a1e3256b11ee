import { Logger } from '@nestjs/common';
import { assertReply, contentSize } from '../outgoing.js';
import { MessageTooLargeError, RequestFailedError } from '../transport.errors.js';
import type { IncomingMessage, Reply } from '../transport-message.js';
import type { RequestHandler, Responder } from '../transport.js';
import { keepReply } from './memory-message.js';

const { setTimeout, clearTimeout } = globalThis;

/** One node that answers a subject. */
export class MemoryResponder implements Responder {
  private readonly logger = new Logger('Transport');
  private readonly running = new Set<AbortController>();
  private whenIdle: (() => void)[] = [];
  private isStopped = false;

  /** @param left called once, when it takes no more requests */
  constructor(
    readonly subject: string,
    private readonly handler: RequestHandler,
    private readonly limit: number,
    private readonly left: (responder: MemoryResponder) => void,
  ) {}

  /** Never rejects with anything but a coded error. */
  async answer(request: IncomingMessage, caller: AbortSignal | undefined): Promise<Reply> {
    const abort = new AbortController();
    const giveUp = (): void => abort.abort(caller?.reason);
    caller?.addEventListener('abort', giveUp, { once: true });
    this.running.add(abort);
    try {
      return this.checked(request, await this.handler(request, abort.signal));
    } catch (error) {
      this.logger.error(`The responder of "${this.subject}" failed: ${String(error)}`, (error as Error)?.stack);
      throw new RequestFailedError(this.subject, error instanceof Error ? error.message : String(error));
    } finally {
      caller?.removeEventListener('abort', giveUp);
      this.running.delete(abort);
      if (this.running.size === 0) for (const wake of this.whenIdle.splice(0)) wake();
    }
  }

  stop(): Promise<void> {
    this.end();
    if (this.running.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.whenIdle.push(resolve));
  }

  end(): void {
    if (this.isStopped) return;
    this.isStopped = true;
    this.left(this);
  }

  /** {@link stop} that waits `limit` milliseconds at most, then aborts its handlers. */
  async close(limit: number, reason: Error): Promise<void> {
    const timer = setTimeout(() => {
      for (const abort of this.running) abort.abort(reason);
      for (const wake of this.whenIdle.splice(0)) wake();
    }, limit);
    await this.stop();
    clearTimeout(timer);
  }

  private checked(request: IncomingMessage, reply: Reply): Reply {
    assertReply(request.id, reply);
    const size = contentSize(reply);
    if (size > this.limit) {
      throw new MessageTooLargeError(request.id, this.subject, size, this.limit, 'maxMessageSize of MemoryTransport');
    }
    return keepReply(reply);
  }
}
