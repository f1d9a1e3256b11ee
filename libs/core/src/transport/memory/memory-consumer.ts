import { Logger } from '@nestjs/common';
import type { Consumer, ConsumerStatus, MessageHandler } from '../subscription.js';
import type { SubscriptionSettings } from '../subscription-settings.js';
import { incoming } from './memory-message.js';
import type { Delivery, Member, MemorySubscription } from './memory-subscription.js';

const { setTimeout, clearTimeout } = globalThis;

/** One node's part in a {@link MemorySubscription}. */
export class MemoryConsumer implements Consumer, Member {
  readonly name: string;
  private readonly logger = new Logger('Transport');
  private readonly deliveries = new Set<Delivery>();
  private readonly abort = new AbortController();
  private state: ConsumerStatus['state'] = 'running';
  private readonly counts = { handled: 0, failed: 0, deadLettered: 0 };
  private whenIdle: (() => void)[] = [];

  /** @param left called once, when it is no longer a member */
  constructor(
    private readonly subscription: MemorySubscription,
    private readonly settings: SubscriptionSettings,
    private readonly handler: MessageHandler,
    private readonly left: (consumer: MemoryConsumer) => void,
  ) {
    this.name = settings.name;
  }

  get hasRoom(): boolean {
    return this.state === 'running' && this.deliveries.size < this.settings.concurrency;
  }

  handle(delivery: Delivery): void {
    this.deliveries.add(delivery);
    void this.run(delivery);
  }

  pause(): void {
    if (this.state === 'running') this.state = 'paused';
  }

  resume(): void {
    if (this.state !== 'paused') return;
    this.state = 'running';
    this.subscription.schedule();
  }

  async status(): Promise<ConsumerStatus> {
    const { qos } = this.settings;
    const isConnected = this.state === 'running' || this.state === 'paused';
    const waiting = qos === 0 || !isConnected ? undefined : this.subscription.waiting;
    return { name: this.name, qos, state: this.state, running: this.deliveries.size, ...this.counts, waiting };
  }

  stop(): Promise<void> {
    this.end();
    return this.idle();
  }

  /** Takes no more messages. */
  end(): void {
    if (this.state === 'stopped' || this.state === 'disconnected') return;
    this.state = 'stopped';
    this.subscription.leave(this);
    this.left(this);
  }

  /** {@link stop} that waits `limit` milliseconds at most, then aborts its handlers and gives their messages back. */
  async close(limit: number, reason: Error): Promise<void> {
    this.end();
    const timer = setTimeout(() => this.abandon(reason), limit);
    await this.idle();
    clearTimeout(timer);
  }

  /** As if its OS process had died: others get its messages when it has been silent for long enough. */
  disconnect(reason: Error): void {
    this.end();
    this.state = 'disconnected';
    setTimeout(() => this.abandon(reason), this.settings.ackTimeout).unref();
  }

  private async run(delivery: Delivery): Promise<void> {
    try {
      await this.handler(incoming(delivery.message, delivery.attempt), this.abort.signal);
      if (this.isMine(delivery)) this.succeed(delivery);
    } catch (error) {
      if (this.isMine(delivery)) this.fail(delivery, error);
    }
  }

  /** False when it was given to somebody else meanwhile, or this node is cut off and cannot tell the broker. */
  private isMine(delivery: Delivery): boolean {
    return delivery.owner === this && this.state !== 'disconnected';
  }

  private succeed(delivery: Delivery): void {
    this.counts.handled++;
    this.release(delivery);
    this.subscription.done(delivery);
  }

  private fail(delivery: Delivery, error: unknown): void {
    this.counts.failed++;
    this.release(delivery);
    const fate = this.subscription.failed(delivery, error);
    if (fate === 'dead') this.counts.deadLettered++;
    if (fate !== 'again') this.logger.warn(textOf(this.name, delivery, fate, error));
  }

  private release(delivery: Delivery): void {
    this.deliveries.delete(delivery);
    if (this.deliveries.size > 0) return;
    for (const wake of this.whenIdle.splice(0)) wake();
  }

  private abandon(reason: Error): void {
    this.abort.abort(reason);
    for (const delivery of [...this.deliveries].reverse()) {
      this.release(delivery);
      this.subscription.giveBack(delivery);
    }
  }

  private idle(): Promise<void> {
    if (this.deliveries.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.whenIdle.push(resolve));
  }
}

function textOf(name: string, { message, attempt }: Delivery, fate: 'dead' | 'lost', error: unknown): string {
  const what = fate === 'dead' ? 'became a dead letter' : 'is lost (QoS 0)';
  return `Message ${message.id} for "${message.subject}" ${what} in subscription "${name}" after ${attempt} attempt(s): ${String(error)}`;
}
