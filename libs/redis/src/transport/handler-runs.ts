import { isUnprocessable, type MessageHandler, type SubscriptionSettings } from '@catga/core';
import { Logger } from '@nestjs/common';
import { LOOSE, type Delivery, type Source } from './delivery.js';
import { Lanes } from './lanes.js';
import type { Membership } from './membership.js';
import { Pace } from './pace.js';

/** What the consumer does about what happens here. */
export interface RunEvents {
  /** A handler is through, or a message may be tried again. */
  freed(): void;
  /** A message without a key is due after so many milliseconds. */
  waits(milliseconds: number): void;
}

/** What a member has fetched and runs, and what it says about the outcome. */
export class HandlerRuns {
  readonly lanes: Lanes;
  readonly pace: Pace;
  readonly counts = { handled: 0, failed: 0, deadLettered: 0 };
  private readonly logger = new Logger('Transport');
  /** Messages whose handlers run, and which attempt it is. */
  private readonly current = new Map<Delivery, number>();
  private whenIdle: (() => void)[] = [];

  constructor(
    private readonly settings: SubscriptionSettings,
    private readonly handler: MessageHandler,
    private readonly events: RunEvents,
  ) {
    this.pace = new Pace(settings.concurrency);
    // After one death all that was in hand goes at its usual pace, unless that leaves too few attempts to find out which
    // one it was.
    const fewest = Math.min(2, settings.maxAttempts - 2);
    this.lanes = new Lanes(({ isSuspect, attempts }) => isSuspect && attempts >= fewest);
  }

  /** Handlers under way. */
  get running(): number {
    return this.current.size;
  }

  /** How many more messages to fetch. */
  get room(): number {
    return this.settings.concurrency + this.pace.ahead - this.current.size - this.lanes.ahead;
  }

  hasRunning(partition: Source): boolean {
    for (const { source } of this.current.keys()) if (source === partition) return true;
    return false;
  }

  /** Ids of messages without a key that are fetched or under way. */
  loose(): string[] {
    const ids = [...this.current.keys()].filter(({ source }) => source === LOOSE).map(({ id }) => id);
    return ids.concat(this.lanes.loose().map(({ id }) => id));
  }

  /** Begins as many as may run at once. */
  beginAll(membership: Membership): void {
    while (this.current.size < this.settings.concurrency) {
      const delivery = this.lanes.next();
      if (delivery === undefined) return;
      this.current.set(delivery, delivery.attempts + 1);
      void this.handle(delivery, membership);
    }
  }

  idle(): Promise<void> {
    if (this.current.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.whenIdle.push(resolve));
  }

  /** Waits no longer: their messages are others' from now on, and this attempt counts. */
  abandon(membership: Membership, reason: Error): void {
    membership.abort.abort(reason);
    for (const [delivery, attempt] of [...this.current]) {
      void membership.settlements.mark(delivery, attempt);
      this.release(delivery);
    }
  }

  private async handle(delivery: Delivery, membership: Membership): Promise<void> {
    const attempt = delivery.attempts + 1;
    const mustAsk = delivery.isSuspect || delivery.attempts >= this.settings.maxAttempts;
    if (mustAsk && !(await this.mayRepeat(delivery, attempt, membership))) return;
    const began = performance.now();
    try {
      await this.handler({ ...delivery.message, attempt }, membership.abort.signal);
    } catch (error) {
      if (this.current.has(delivery)) await this.fail(delivery, attempt, error, membership);
      return;
    }
    if (!this.current.has(delivery)) return;
    this.pace.took(performance.now() - began);
    this.counts.handled++;
    membership.settlements.acknowledge(delivery);
    this.end(delivery);
  }

  /** Notes that it is begun again; false when it has been begun too often, or is somebody else's now. */
  private async mayRepeat(delivery: Delivery, attempt: number, { settlements }: Membership): Promise<boolean> {
    const { maxAttempts } = this.settings;
    if (attempt <= maxAttempts) {
      if (await settlements.mark(delivery, attempt)) {
        delivery.attempts = attempt;
        return this.current.has(delivery);
      }
    } else {
      const error = new AbandonedMessageError(delivery.attempts);
      if (await settlements.bury(delivery, delivery.attempts, error)) this.buried(delivery, delivery.attempts, error);
    }
    this.end(delivery);
    return false;
  }

  private async fail(delivery: Delivery, attempt: number, error: unknown, { settlements }: Membership): Promise<void> {
    this.counts.failed++;
    delivery.attempts = attempt;
    // It has come to an end: nobody dies of it.
    delivery.isSuspect = false;
    if (isUnprocessable(error) || attempt >= this.settings.maxAttempts) {
      // The next one of its key begins when this one is kept: a crash in between must not bring them out of order.
      if (await settlements.bury(delivery, attempt, error)) this.buried(delivery, attempt, error);
      this.end(delivery);
      return;
    }
    const delay = this.settings.backoff(attempt);
    const noted = settlements.retry(delivery, attempt, delay);
    if (delivery.source === LOOSE) {
      // It waits on the server, where any member takes it up; here it is over, whatever the answer.
      void noted.then(() => this.events.waits(delay));
    } else this.lanes.retry(delivery, delay, () => this.events.freed());
    this.release(delivery);
    this.events.freed();
  }

  private buried({ message }: Delivery, attempts: number, error: unknown): void {
    this.counts.deadLettered++;
    this.logger.warn(
      `Message ${message.id} for "${message.subject}" became a dead letter in subscription "${this.settings.name}" after ${attempts} attempt(s): ${String(error)}`,
    );
  }

  private end(delivery: Delivery): void {
    if (delivery.source !== LOOSE) this.lanes.done(delivery);
    this.release(delivery);
    this.events.freed();
  }

  private release(delivery: Delivery): void {
    this.current.delete(delivery);
    this.lanes.ended(delivery);
    if (this.current.size === 0) for (const wake of this.whenIdle.splice(0)) wake();
  }
}

/** Kept with the dead letter, as any error of a handler. */
class AbandonedMessageError extends Error {
  override readonly name = 'AbandonedMessageError';
  readonly code = 'CATGA_MESSAGE_ABANDONED';
  constructor(attempts: number) {
    super(
      `It was begun ${attempts} time(s) and never came to an end: the members that handled it died or were silent for longer than ackTimeout.`,
    );
  }
}
