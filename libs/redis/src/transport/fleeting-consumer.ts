import type { Consumer, ConsumerStatus, MessageHandler, SubscriptionSettings } from '@catga/core';
import { Logger } from '@nestjs/common';
import type { Inbox } from './inbox.js';
import type { Link } from './link.js';
import { unpack } from './message-format.js';

/** Messages that wait on the node for a free handler; more are lost. */
const MOST_WAITING = 10_000;
/** A paused member looks to others as if it had not been heard of for this long: it is asked last. */
const PAUSED = -20_000;

/** A message of QoS 0 beside its content. */
export interface FleetingHead {
  readonly i: string;
  readonly s: string;
  readonly k?: string;
  /** When it was published. Milliseconds since 1970. */
  readonly t: number;
}

/** One node's part in a subscription of QoS 0: what it does not handle is lost. */
export class FleetingConsumer implements Consumer {
  readonly name: string;
  private readonly logger = new Logger('Transport');
  private readonly address: string;
  private readonly abort = new AbortController();
  private state: 'running' | 'paused' | 'stopped' = 'running';
  private waiting: Buffer[] = [];
  private running = 0;
  private dropped = 0;
  private readonly counts = { handled: 0, failed: 0, deadLettered: 0 };
  private whenIdle: (() => void)[] = [];

  /** @param left called once, when it takes part no more */
  constructor(
    private readonly link: Link,
    private readonly inbox: Inbox,
    private readonly settings: SubscriptionSettings,
    private readonly handler: MessageHandler,
    private readonly left: (consumer: FleetingConsumer) => void,
  ) {
    this.name = settings.name;
    this.address = inbox.address();
  }

  async start(): Promise<void> {
    this.inbox.listen(this.address, (kind, content) => {
      if (kind === 'm') this.take(content);
    });
    await this.announce(0);
    await Promise.all(
      this.settings.subjects.map((subject) => this.inbox.announce(`v:${subject}`, this.name, this.address)),
    );
  }

  pause(): void {
    if (this.state !== 'running') return;
    this.state = 'paused';
    void this.announce(PAUSED).catch(ignore);
  }

  resume(): void {
    if (this.state !== 'paused') return;
    this.state = 'running';
    void this.announce(0).catch(ignore);
    this.beginAll();
  }

  async status(): Promise<ConsumerStatus> {
    const { name, running, counts } = this;
    const state = this.state !== 'stopped' && !this.link.isReady ? 'disconnected' : this.state;
    return { name, qos: 0, state, running, ...counts, waiting: undefined };
  }

  async stop(): Promise<void> {
    if (this.state !== 'stopped') {
      this.state = 'stopped';
      this.waiting = [];
      // The list of the subscription's subjects stays: other members may be there, and it ends by itself.
      for (const subject of this.settings.subjects) this.inbox.keepSilent(`v:${subject}`, this.address);
      await this.inbox.withdraw(`vm:${this.name}`, this.address).catch(ignore);
      this.inbox.forget(this.address);
      this.left(this);
    }
    if (this.running > 0) await new Promise<void>((resolve) => this.whenIdle.push(resolve));
  }

  /** {@link stop} that waits `limit` milliseconds at most, then aborts its handlers. */
  async close(limit: number, reason: Error): Promise<void> {
    const timer = setTimeout(() => {
      this.abort.abort(reason);
      for (const wake of this.whenIdle.splice(0)) wake();
    }, limit);
    await this.stop();
    clearTimeout(timer);
  }

  private announce(delay: number): Promise<void> {
    return this.inbox.announce(`vm:${this.name}`, this.address, this.address, delay);
  }

  private take(content: Buffer): void {
    if (this.state === 'stopped') return;
    if (this.waiting.length >= MOST_WAITING) {
      if (this.dropped++ % MOST_WAITING === 0) {
        this.logger.warn(
          `Subscription "${this.name}" (QoS 0) has ${MOST_WAITING} messages waiting on this node: more are lost. ${this.dropped} so far; make its handler quicker, raise its concurrency, or use QoS 1.`,
        );
      }
      return;
    }
    this.waiting.push(content);
    this.beginAll();
  }

  private beginAll(): void {
    if (this.state !== 'running') return;
    const count = Math.min(this.waiting.length, this.settings.concurrency - this.running);
    for (const content of this.waiting.splice(0, Math.max(0, count))) void this.handle(content);
  }

  private async handle(content: Buffer): Promise<void> {
    this.running++;
    const { beside, headers, body } = unpack<FleetingHead>(content);
    const { i: id, s: subject, k: key, t: publishedAt } = beside;
    const message = { id, subject, ...(key !== undefined && { key }), headers, body, publishedAt, attempt: 1 };
    try {
      await this.handler(message, this.abort.signal);
      this.counts.handled++;
    } catch (error) {
      this.counts.failed++;
      this.logger.warn(
        `Message ${id} for "${subject}" is lost (QoS 0) in subscription "${this.name}": ${String(error)}`,
      );
    }
    this.running--;
    if (this.running === 0) for (const wake of this.whenIdle.splice(0)) wake();
    this.beginAll();
  }
}

/** The next heartbeat says it again. */
function ignore(): void {}
