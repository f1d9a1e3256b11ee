import { assertReply, type IncomingMessage, type Reply, type RequestHandler, type Responder } from '@catga/core';
import { Logger } from '@nestjs/common';
import type { Msg, Subscription } from '@nats-io/transport-node';
import type { NatsLink } from '../connection/index.js';
import { decodeMessage, encodeMessage, splitEnvelope } from './envelope.js';
import { tooLarge } from './errors.js';
import type { Names } from './names.js';

/** Nodes that answer the same subject are one queue group. */
const QUEUE = 'responders';

/** One node that answers a subject. */
export class NatsResponder implements Responder {
  private readonly logger = new Logger('Transport');
  private readonly subscription: Subscription;
  private readonly running = new Set<AbortController>();
  private idle: (() => void)[] = [];
  private stopping: Promise<void> | undefined;

  constructor(
    private readonly link: NatsLink,
    names: Names,
    readonly subject: string,
    private readonly handler: RequestHandler,
    private readonly onStopped: (responder: NatsResponder) => void,
  ) {
    this.subscription = link.connection.subscribe(names.request(subject), {
      queue: QUEUE,
      callback: (error, message) => {
        if (error === null) void this.answer(message);
      },
    });
  }

  stop(): Promise<void> {
    this.stopping ??= this.end();
    return this.stopping;
  }

  /** Waits no longer. */
  abort(reason: Error): void {
    for (const controller of this.running) controller.abort(reason);
    this.onStopped(this);
  }

  private async end(): Promise<void> {
    // A drain hands over the requests that were on their way.
    if (this.link.connected) await this.subscription.drain().catch(() => undefined);
    if (this.running.size > 0) await new Promise<void>((resolve) => this.idle.push(resolve));
    this.onStopped(this);
  }

  private async answer(message: Msg): Promise<void> {
    const controller = new AbortController();
    this.running.add(controller);
    const { w: wait } = splitEnvelope(message.data) ?? {};
    const late =
      wait === undefined
        ? undefined
        : setTimeout(() => controller.abort(new Error(`The caller of "${this.subject}" waits no longer.`)), wait);
    const request = decodeMessage(message.data, this.subject, Date.now(), '');
    try {
      message.respond(await this.reply({ ...request, attempt: 1 }, controller.signal));
    } catch (error) {
      // The connection is gone, and the caller is told by its own.
      this.logger.warn(`A reply of "${this.subject}" could not be sent: ${String(error)}`);
    } finally {
      clearTimeout(late);
      this.running.delete(controller);
      if (this.running.size === 0) for (const resolve of this.idle.splice(0)) resolve();
    }
  }

  private async reply(request: IncomingMessage, signal: AbortSignal): Promise<Buffer> {
    const { id, subject } = request;
    try {
      const reply: Reply = await this.handler(request, signal);
      assertReply(id, reply);
      const payload = encodeMessage({ id, subject: '', ...reply });
      if (payload.length > this.link.maxPayload) throw tooLarge(id, subject, payload.length, this.link.maxPayload);
      return payload;
    } catch (error) {
      const { message = String(error), stack } = (error ?? {}) as Partial<Error>;
      this.logger.error(`The responder of "${subject}" failed: ${message}`, stack);
      return encodeMessage({ id, subject: '', body: '' }, { f: message.slice(0, 1_000) });
    }
  }
}
