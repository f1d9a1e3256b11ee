import { randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { StoreUnavailableError, type CommitBatch, type CommitNotifier, type StoreWarning } from '@catga/core';
import { Logger } from '@nestjs/common';
import type { NatsConnections, NatsLink } from '../connection/index.js';
import { newerReplica } from './catch-up.js';
import type { Delivery } from './delivery.js';
import { isPassing, LogStream, type StreamDetails } from './log-stream.js';
import { LogTail } from './log-tail.js';
import { LogWriter } from './log-writer.js';
import { storeFault, UNSAFE, type StoreName } from './nats-store.errors.js';
import { ReadBarrier } from './read-barrier.js';
import { Replica, type Applied, type Halt } from './replica.js';
import { ReplayProgress } from './replay-progress.js';
import { loadSnapshot } from './snapshot/load-snapshot.js';
import { SnapshotKeeper } from './snapshot/snapshot-keeper.js';
import { SnapshotStream } from './snapshot/snapshot-stream.js';
import type { StoreSettings } from './store-settings.js';
import { refusedWhenStrict, streamWarnings } from './stream-warnings.js';
import { FORMAT } from './wire/log-message.js';

/** Pause before a server that does not answer is asked again. Milliseconds. */
const PAUSE = 200;

/** A store from opening to closing: its connection, what it knows, and who keeps it up to date. */
export class StoreSession {
  readonly writer: LogWriter;
  readonly barrier: ReadBarrier;
  readonly warnings: readonly StoreWarning[];
  private readonly tail: LogTail;
  private readonly logger = new Logger('CatgaNats');
  /** Why this session cannot go on. */
  private fault: StoreUnavailableError | undefined;
  private readonly keeper: SnapshotKeeper | undefined;
  private announcing = false;
  private closing = false;
  private readonly progress: ReplayProgress;
  private state: Replica;

  private constructor(
    readonly link: NatsLink,
    private readonly log: LogStream,
    private readonly details: StreamDetails,
    private readonly settings: StoreSettings,
    private readonly name: StoreName,
    private readonly notifier: CommitNotifier,
    replica: Replica,
  ) {
    this.state = replica;
    this.warnings = streamWarnings(log.stream, details, link.version, settings);
    this.progress = new ReplayProgress(this.logger, name.name, replica.sequence, details.state.last_seq);
    replica.committed = (batch) => this.announce(batch);
    const node = randomBytes(12).toString('base64url');
    this.writer = new LogWriter({
      link,
      name,
      subject: log.subject,
      node,
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
    this.keeper = this.keep(settings, details.created, node);
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

  /** What this node knows; another one after it was away for so long that the log could not tell it everything. */
  get replica(): Replica {
    return this.state;
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
      const replica = await firstReplica(link, log, details, settings);
      const session = new StoreSession(link, log, details, settings, name, notifier, replica);
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
    this.closing = true;
    await this.keeper?.stop();
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
    if (state.first_seq > this.replica.sequence + 1 && state.last_seq > 0) {
      throw storeFault.dataLoss(
        this.name,
        `stream "${this.log.stream}" begins at message ${state.first_seq}, and no snapshot leads there`,
      );
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
      this.closing = true;
      this.writer.close();
      await this.tail.stop();
      throw error;
    }
    this.announcing = true;
  }

  private received(delivery: Delivery, data: Uint8Array): void {
    const { sequence, time } = delivery;
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
    this.progress.reached(this.replica.sequence);
    this.barrier.applied();
    if (this.announcing) this.keeper?.applied();
  }

  /** This node was away, and what it has to read next was compacted meanwhile: a snapshot leads past that. */
  private async catchUp(): Promise<void> {
    const { link, log, name, logger, settings, details, replica: old } = this;
    logger.warn(
      `Store "${name.name}" was away while its log was compacted behind message ${old.sequence}: it goes on from the newest snapshot.`,
    );
    // What is sent from here on could be decided in what is skipped, and nobody could tell how.
    this.writer.pause();
    void this.tail.stop();
    try {
      const context = {
        ...{ name, logger, created: details.created, snapshots: new SnapshotStream(link, settings.name) },
        newReplica: () => newReplica(log, settings),
        look: () => this.barrier.look(),
        stopped: () => this.closing || this.fault !== undefined,
      };
      const newer = await newerReplica(context, old.sequence);
      if (newer !== undefined) this.goOnWith(newer);
    } catch (error) {
      this.stop(error as StoreUnavailableError);
    }
  }

  private goOnWith(newer: Replica): void {
    const old = this.state;
    newer.clock.adopt(old.clock);
    newer.committed = old.committed;
    this.state = newer;
    this.writer.goOn(newer);
    this.tail.start();
    this.progress.reached(newer.sequence);
    this.barrier.applied();
    // Nobody knows what was in the part that is skipped.
    if (this.announcing && this.notifier.listening) this.notifier.touchUnknown();
    this.logger.log(
      `Store "${this.name.name}" goes on from the snapshot at message ${newer.sequence}; it was at ${old.sequence}.`,
    );
  }

  private keep(settings: StoreSettings, created: string, node: string): SnapshotKeeper | undefined {
    const { link, log, writer, logger } = this;
    if (settings.snapshots === undefined) return undefined;
    const { replicas, snapshots: every } = settings;
    const replica = (): Replica => this.replica;
    return new SnapshotKeeper({ link, log, writer, replica, logger, node, created, replicas, every }, settings.name);
  }

  private halted({ why, sequence, format }: Halt): void {
    if (why === 'gap') void this.catchUp();
    else if (why === 'newer') this.stop(storeFault.newer(this.name, format, FORMAT));
    else this.stop(storeFault.damaged(this.name, `message ${sequence} of stream "${this.log.stream}"`));
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

/** {@link newestReplica}, asked for again while a cluster that is choosing leaders does not answer. */
async function firstReplica(
  link: NatsLink,
  log: LogStream,
  details: StreamDetails,
  settings: StoreSettings,
): Promise<Replica> {
  for (const deadline = performance.now() + settings.commandTimeout; ; await setTimeout(PAUSE)) {
    try {
      return await newestReplica(link, log, details, settings);
    } catch (error) {
      if (!isPassing(error) || performance.now() + PAUSE >= deadline) throw error;
    }
  }
}

/** The state to begin with: that of the newest snapshot, or none at all. */
async function newestReplica(
  link: NatsLink,
  log: LogStream,
  { created }: StreamDetails,
  settings: StoreSettings,
): Promise<Replica> {
  const snapshots = new SnapshotStream(link, settings.name);
  const empty = (): Replica => newReplica(log, settings);
  for (let tries = 1; ; tries++) {
    const { state } = await log.details();
    const end = { created, lastSequence: state.last_seq };
    const replica = (await loadSnapshot(snapshots, end, empty, new Logger('CatgaNats'))) ?? empty();
    // Another node may have made a newer one, and removed this one, while it was read.
    if (state.first_seq <= replica.sequence + 1 || tries === 3) return replica;
  }
}

function newReplica(log: LogStream, { cacheSize }: StoreSettings): Replica {
  return new Replica(cacheSize, (sequence) => log.message(sequence));
}
