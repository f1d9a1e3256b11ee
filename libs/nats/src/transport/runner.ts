import { Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import {
  Fifo,
  isUnprocessable,
  type IncomingMessage,
  type MessageHandler,
  type SubscriptionSettings,
} from '@catga/core';
import type { SharedSignal } from './abort-group.js';
import { AbandonedMessageError } from './errors.js';
import type { Task } from './task.js';

/** Keeps a message that is given up on, once for each token. Resolves when it is safe. */
export type Bury = (message: IncomingMessage, error: unknown, token: string) => Promise<void>;

/** First and longest pause between attempts to keep a dead letter while the broker is away. Milliseconds. */
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 5_000;

/** Runs the handler of one member: so many at once, the others in the order in which they became ready. */
export class Runner {
  running = 0;
  handled = 0;
  failed = 0;
  deadLettered = 0;
  private readonly logger = new Logger('Transport');
  private readonly ready = new Fifo<Task>();
  private isHeld = false;
  private isPumping = false;
  private isClosed = false;
  private idle: (() => void)[] = [];

  constructor(
    private readonly settings: SubscriptionSettings,
    private readonly handler: MessageHandler,
    /** Undefined: nothing is tried again and nothing is kept. */
    private readonly bury: Bury | undefined,
  ) {}

  /** Handlers that have ended until now. */
  get ended(): number {
    return this.handled + this.failed;
  }

  /** Nothing runs, and nothing waits for a free place. */
  get isIdle(): boolean {
    return this.running === 0 && this.ready.size === 0;
  }

  add(task: Task): void {
    this.ready.push(task);
    this.pump();
  }

  /** Begins nothing more until {@link release}. */
  hold(): void {
    this.isHeld = true;
  }

  release(): void {
    this.isHeld = false;
    this.pump();
  }

  /** The transport closes and waits no longer: dead letters that cannot be kept now are left to others. */
  close(): void {
    this.isClosed = true;
  }

  /** Resolves when no handler runs. */
  settled(): Promise<void> {
    if (this.running === 0) return Promise.resolve();
    return new Promise((resolve) => this.idle.push(resolve));
  }

  /** A handler that needs no promise ends within `start`; the loop goes on where a call would nest ever deeper. */
  private pump(): void {
    if (this.isPumping) return;
    this.isPumping = true;
    while (!this.isHeld && this.running < this.settings.concurrency) {
      const task = this.ready.shift();
      if (task === undefined) break;
      this.start(task);
    }
    this.isPumping = false;
  }

  private start(task: Task): void {
    const message = task.begin();
    if (message === undefined) return;
    this.running++;
    const shared = task.signals.begin();
    const { maxAttempts } = this.settings;
    if (this.bury !== undefined && message.attempt > maxAttempts) {
      // Whoever fails for the last time buries it. Nobody did, so those who had it died of it, or as good as that.
      void this.fail(task, shared, { ...message, attempt: maxAttempts }, new AbandonedMessageError(maxAttempts));
      return;
    }
    try {
      const result = this.handler(message, shared.controller.signal);
      if (result === undefined) {
        this.succeeded(task, shared);
        return;
      }
      result.then(
        () => this.succeeded(task, shared),
        (error: unknown) => void this.fail(task, shared, message, error),
      );
    } catch (error) {
      void this.fail(task, shared, message, error);
    }
  }

  private succeeded(task: Task, shared: SharedSignal): void {
    this.handled++;
    task.done();
    this.end(task, shared);
  }

  private async fail(task: Task, shared: SharedSignal, message: IncomingMessage, error: unknown): Promise<void> {
    this.failed++;
    const { maxAttempts, backoff } = this.settings;
    const { bury } = this;
    const isLast = message.attempt >= maxAttempts || isUnprocessable(error);
    if (bury === undefined) {
      task.buried();
      this.logger.warn(
        `Message ${message.id} for "${message.subject}" is lost (QoS 0) in subscription "${this.settings.name}": ${String(error)}`,
      );
    } else if (!isLast) task.again(backoff(message.attempt));
    else if (await this.keep(task, message, error, bury)) {
      this.deadLettered++;
      task.buried();
      this.logger.warn(
        `Message ${message.id} for "${message.subject}" became a dead letter in subscription "${this.settings.name}" after ${message.attempt} attempt(s): ${String(error)}`,
      );
    }
    this.end(task, shared);
  }

  /** Tried until it succeeds: running the handler once more because a letter could not be kept would be one too many. */
  private async keep(task: Task, message: IncomingMessage, error: unknown, bury: Bury): Promise<boolean> {
    const token = randomUUID();
    for (let pause = FIRST_PAUSE; !task.isLost && !this.isClosed; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
      try {
        await bury(message, error, token);
        return true;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
    return false;
  }

  private end(task: Task, shared: SharedSignal): void {
    task.signals.end(shared);
    this.running--;
    if (this.running === 0) for (const resolve of this.idle.splice(0)) resolve();
    this.pump();
  }
}
