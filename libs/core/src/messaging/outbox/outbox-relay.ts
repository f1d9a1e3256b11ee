import { Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { backoffDelay, isCatgaError, resolveRetry } from '../../foundation/index.js';
import type { Store } from '../../store/index.js';
import type { Transport } from '../../transport/index.js';
import { inRuns } from '../message-bus.js';
import type { ResolvedMessagingOptions } from '../messaging.options.js';
import { OUTBOX_COLLECTION, OUTBOX_LATER_COLLECTION, OutboxRecords, type OutboxEntry } from './outbox-records.js';
import { RelayLease } from './relay-lease.js';

/** Milliseconds that a timer can wait at most; then it looks again. */
const LONGEST_TIMER = 2 ** 31 - 1;
const BACKOFF = resolveRetry({ backoff: '200ms', maxBackoff: '30s' });

/**
 * Publishes what is in the outbox, as soon as it is committed. Does nothing while the outbox is empty: no timer, no
 * lease, no query.
 */
export class OutboxRelay implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Messaging');
  private readonly records: OutboxRecords;
  private readonly lease: RelayLease;
  private stopListening: (() => void) | undefined;
  private timer: NodeJS.Timeout | undefined;
  private working: Promise<void> | undefined;
  private isAwake = false;
  private isAtWork = false;
  private isExpecting = false;
  private failures = 0;

  constructor(
    private readonly store: Store,
    private readonly transport: Transport,
    private readonly options: ResolvedMessagingOptions['outbox'],
  ) {
    this.records = new OutboxRecords(store);
    this.lease = new RelayLease(store, options.lease);
  }

  onApplicationBootstrap(): void {
    if (!this.options.relay) return;
    this.isAtWork = true;
    const { shared, durable } = this.store.capabilities;
    if (shared || durable || this.isExpecting) this.listen();
    // What was left when the application ended.
    this.wake();
  }

  /**
   * Something is going to be put into the outbox by this application. A store in memory that nobody else reaches is not
   * listened to before: every event of every process would have to be announced, for nothing.
   */
  expect(): void {
    this.isExpecting = true;
    if (this.isAtWork) this.listen();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.isAtWork = false;
    this.stopListening?.();
    this.stopListening = undefined;
    clearTimeout(this.timer);
    this.isAwake = false;
    await this.working;
    await this.lease.release().catch((error: unknown) => this.logger.warn(`The outbox lease stays: ${String(error)}`));
  }

  private listen(): void {
    this.stopListening ??= this.store.onCommit(({ collections }) => {
      const isOurs = (name: string): boolean => name === OUTBOX_COLLECTION || name === OUTBOX_LATER_COLLECTION;
      if (collections === undefined || collections.some(isOurs)) this.wake();
    });
  }

  private wake(): void {
    this.isAwake = true;
    this.working ??= this.work().finally(() => {
      this.working = undefined;
      if (this.isAwake && this.isAtWork) this.wake();
    });
  }

  /** Until nothing is left, or somebody else does it, or it fails; each time something says when to look again. */
  private async work(): Promise<void> {
    try {
      while (this.isAwake && this.isAtWork) {
        this.isAwake = false;
        const wait = await this.publishAll();
        if (wait !== undefined) this.wakeIn(wait);
      }
      this.failures = 0;
    } catch (error) {
      this.isAwake = false;
      const wait = backoffDelay(BACKOFF, ++this.failures);
      this.logger.warn(`The outbox could not be published and is tried again in ${wait} ms: ${String(error)}`);
      this.wakeIn(wait);
    }
  }

  /** Milliseconds after which to look again; undefined: when there is a commit. */
  private async publishAll(): Promise<number | undefined> {
    for (;;) {
      const entries = await this.records.next(this.options.batch);
      if (entries.length === 0) return this.records.untilNextDue();
      const others = await this.lease.take();
      if (others > 0) return others;
      await this.publish(entries);
      if (!this.isAtWork) return undefined;
    }
  }

  private async publish(entries: readonly OutboxEntry[]): Promise<void> {
    try {
      for (const { qos, messages } of inRuns(entries)) await this.transport.publish(messages, { qos });
      await this.records.remove(entries);
    } catch (error) {
      if (isPassing(error)) throw error;
      // One of them is at fault: each by itself, and that one aside.
      for (const entry of entries) await this.publishOne(entry);
    }
  }

  private async publishOne(entry: OutboxEntry): Promise<void> {
    try {
      await this.transport.publish([entry.message], { qos: entry.qos });
      await this.records.remove([entry]);
    } catch (error) {
      if (isPassing(error)) throw error;
      this.logger.error(`Message ${entry.message.id} of the outbox was put aside: ${String(error)}`);
      await this.records.refuse(entry, String(error));
    }
  }

  private wakeIn(milliseconds: number): void {
    if (!this.isAtWork) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.wake(), Math.min(Math.ceil(milliseconds), LONGEST_TIMER));
    this.timer.unref();
  }
}

/** True unless the message itself is refused: then trying again is no use. */
function isPassing(error: unknown): boolean {
  return !isCatgaError(error) || (error.kind !== 'request' && error.kind !== 'configuration');
}
