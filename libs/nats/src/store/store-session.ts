import { randomBytes } from 'node:crypto';
import { StoreUnavailableError, type CommitBatch, type CommitNotifier, type StoreWarning } from '@catga/core';
import { Logger } from '@nestjs/common';
import type { NatsConnections, NatsLink } from '../connection/index.js';
import type { Delivery } from './delivery.js';
import { LogStream, type StreamDetails } from './log-stream.js';
import { LogTail } from './log-tail.js';
import { LogWriter } from './log-writer.js';
import { storeFault, UNSAFE, type StoreName } from './nats-store.errors.js';
import { ReadBarrier } from './read-barrier.js';
import { Replica, type Applied, type Halt } from './replica.js';
import { ReplayProgress } from './replay-progress.js';
import type { StoreSettings } from './store-settings.js';
import { refusedWhenStrict, streamWarnings } from './stream-warnings.js';
import { FORMAT } from './wire/log-message.js';

/** A store from opening to closing: its connection, what it knows, and who keeps it up to date. */
export class StoreSession {
  readonly replica: Replica;
  readonly writer: LogWriter;
  readonly barrier: ReadBarrier;
  readonly warnings: readonly StoreWarning[];
  private readonly tail: LogTail;
  private readonly logger = new Logger('CatgaNats');
  /** Why this session cannot go on. */
  private fault: StoreUnavailableError | undefined;
  private announcing = false;
  private readonly progress: ReplayProgress;

  private constructor(
    readonly link: NatsLink,
    private readonly log: LogStream,
    details: StreamDetails,
    settings: StoreSettings,
    private readonly name: StoreName,
    private readonly notifier: CommitNotifier,
  ) {
    this.warnings = streamWarnings(log.stream, details, link.version, settings);
    this.progress = new ReplayProgress(this.logger, name.name, details.state.last_seq);
    this.replica = new Replica(
      settings.cacheSize,
      (sequence) => log.message(sequence),
      (batch) => this.announce(batch),
    );
    this.writer = new LogWriter({
      link,
      name,
      subject: log.subject,
      node: randomBytes(12).toString('base64url'),
      timeout: settings.commandTimeout,
      now: () => this.replica.clock.now(),
    });
    this.barrier = new ReadBarrier({
      log,
      name,
      timeout: settings.commandTimeout,
      created: details.created,
      applied: () => this.replica.sequence,
      lost: (fault) => this.stop(fault),
      clock: (time) => this.replica.clock.sample(time),
    });
    this.tail = new LogTail(
      link,
      log.stream,
      {
        message: (delivery, data) => this.received(delivery, data),
        failed: (error) =>
          this.logger.warn(`The log "${log.stream}" cannot be followed, trying again: ${error.message}`),
      },
      () => this.replica.sequence + 1,
    );
  }

  /** @throws {NatsUnavailableError} {@link StoreUnavailableError} */
  static async open(
    connections: NatsConnections,
    settings: StoreSettings,
    name: StoreName,
    notifier: CommitNotifier,
  ): Promise<StoreSession> {
    const link = await connections.open(`store ${settings.name}`);
    try {
      const log = new LogStream(link, settings.name);
      const details = await log.open(settings, settings.commandTimeout);
      const session = new StoreSession(link, log, details, settings, name, notifier);
      session.assertAllowed(settings.strict);
      await session.start(details);
      return session;
    } catch (error) {
      await link.close();
      throw error;
    }
  }

  /** @throws {StoreUnavailableError} when this session cannot go on */
  assertUsable(): void {
    if (this.fault !== undefined) throw this.fault;
  }

  /** Waits for commits under way, then ends the connection. */
  async close(): Promise<void> {
    if (this.fault === undefined) await this.writer.drained();
    this.writer.fail(storeFault.closed(this.name));
    this.writer.close();
    await this.tail.stop();
    await this.link.close();
  }

  private assertAllowed(strict: boolean): void {
    const refused = strict ? refusedWhenStrict(this.warnings) : [];
    if (refused.length === 0) return;
    throw new StoreUnavailableError(
      UNSAFE,
      `The NATS store "${this.name.name}" at ${this.name.servers.join(', ')} does not open, because it is strict and its data is at risk: ${refused.map(({ message }) => message).join(' ')}`,
      { details: { store: this.name.name, warnings: refused } },
    );
  }

  private async start({ state }: StreamDetails): Promise<void> {
    if (state.first_seq > 1 && state.last_seq > 0) {
      throw storeFault.dataLoss(this.name, `stream "${this.log.stream}" begins at message ${state.first_seq}`);
    }
    this.tail.start();
    try {
      // No limit of time for the replay itself: it goes on as long as there is something to read.
      await this.progress.done(() => this.fault);
      await this.barrier.pass();
      // Tells us the server's clock, and, when others are slow to tell, that we may write. A full log may still be read.
      await this.writer.mark().catch(() => undefined);
      this.assertUsable();
    } catch (error) {
      this.writer.close();
      await this.tail.stop();
      throw error;
    }
    this.announcing = true;
  }

  private received({ sequence, time }: Delivery, data: Uint8Array): void {
    if (this.fault !== undefined || sequence <= this.replica.sequence) return;
    let outcome: Applied | Halt | undefined;
    try {
      outcome = this.replica.apply(sequence, time, data);
    } catch (error) {
      this.stop(storeFault.damaged(this.name, `message ${sequence}: ${String((error as Error).stack ?? error)}`));
      return;
    }
    if (outcome !== undefined && 'kind' in outcome) this.halted(outcome);
    else if (outcome !== undefined) this.writer.applied(outcome);
    this.progress.reached(sequence);
    this.barrier.applied();
  }

  private halted({ why, sequence, format }: Halt): void {
    this.stop(
      why === 'newer'
        ? storeFault.newer(this.name, format, FORMAT)
        : storeFault.damaged(this.name, `message ${sequence} of stream "${this.log.stream}"`),
    );
  }

  /** Nothing can be said about the data from here on. */
  private stop(fault: StoreUnavailableError): void {
    if (this.fault !== undefined) return;
    this.fault = fault;
    this.logger.error(fault.message);
    this.writer.fail(fault);
    this.barrier.fail(fault);
    this.progress.stop();
    void this.tail.stop();
  }

  private announce({ appends = [], records = [], deleteStreams = [], streams = [] }: CommitBatch): void {
    const { notifier } = this;
    if (!this.announcing || !notifier.listening) return;
    for (const { stream, events } of appends) if (events.length > 0) notifier.touchStream(stream);
    for (const stream of deleteStreams) notifier.touchStream(stream);
    for (const { stream } of streams) notifier.touchStream(stream);
    for (const { collection } of records) notifier.touchCollection(collection);
  }
}
