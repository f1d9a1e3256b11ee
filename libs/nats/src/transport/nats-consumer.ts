import type { Consumer, ConsumerStatus, MessageHandler, SubscriptionSettings } from '@catga/core';
import type { LinkEvent } from '../connection/index.js';
import type { TransportContext } from './context.js';
import { AGAIN, ensureDurableConsumer, type Source } from './durable-consumers.js';
import type { DurableSource } from './durable-source.js';
import { PackConsumer } from './packs/pack-consumer.js';
import { PartitionGroup } from './partitions/partition-group.js';
import { Prefetch } from './prefetch.js';
import { Runner } from './runner.js';
import { SharedConsumer } from './shared-consumer.js';
import type { StateRecord } from './state-records.js';
import { joinSubscription, type SubscriptionRecord } from './subscription-record.js';

/** Longest time between two looks at what is held. Milliseconds. */
const BEAT = 1_000;
/** Pause before a vanished consumer is looked for again. Milliseconds. */
const REPAIR_PAUSE = 500;

/** One member of a durable subscription: its share of the messages without a key, and of the partitions of keys. */
export class NatsConsumer implements Consumer {
  readonly name: string;
  private state: 'running' | 'paused' | 'stopped' = 'running';
  private readonly runner: Runner;
  private readonly sources: DurableSource[] = [];
  private readonly partitions: PartitionGroup;
  private readonly prefetch: Prefetch;
  private readonly beats: NodeJS.Timeout;
  private readonly unwatch: () => void;
  /** Pausing, resuming and stopping, one after the other. */
  private changes: Promise<void> = Promise.resolve();
  private stopping: Promise<void> | undefined;

  private constructor(
    private readonly context: TransportContext,
    private readonly settings: SubscriptionSettings,
    private readonly record: StateRecord<SubscriptionRecord>,
    handler: MessageHandler,
    id: string,
    private readonly onStopped: (consumer: NatsConsumer) => void,
  ) {
    this.name = settings.name;
    this.runner = new Runner(settings, handler, (message, error, token) =>
      context.letters.keep(settings.name, message, error, token),
    );
    const { runner } = this;
    this.prefetch = new Prefetch(settings.concurrency, () => runner.ended);
    this.partitions = new PartitionGroup({ context, settings, subscription: record, runner, id });
    this.unwatch = context.link.onEvent((event) => this.linkChanged(event));
    this.beats = setInterval(() => this.beat(), Math.min(BEAT, settings.ackTimeout / 5));
  }

  /** Resolves when messages published from now on reach the subscription. */
  static async join(
    context: TransportContext,
    settings: SubscriptionSettings,
    handler: MessageHandler,
    id: string,
    onStopped: (consumer: NatsConsumer) => void,
  ): Promise<NatsConsumer> {
    const record = await joinSubscription(context, settings);
    const consumer = new NatsConsumer(context, settings, record, handler, id, onStopped);
    try {
      const sources = [
        ...settings.subjects.map((subject) => ({ subject, isPacked: true })),
        ...[...settings.subjects, AGAIN].map((subject) => ({ subject, isPacked: false })),
      ];
      // All of them, so that none is still being made when the first failure ends the others.
      const made = await Promise.allSettled(sources.map((source) => consumer.add(source)));
      for (const each of made) if (each.status === 'rejected') throw each.reason as Error;
      await consumer.partitions.join();
      return consumer;
    } catch (error) {
      await consumer.stop().catch(() => undefined);
      throw error;
    }
  }

  pause(): void {
    if (this.state !== 'running') return;
    this.state = 'paused';
    this.runner.hold();
    this.change(() => this.leave());
  }

  resume(): void {
    if (this.state !== 'paused') return;
    this.state = 'running';
    if (this.context.link.connected) this.runner.release();
    this.change(async () => {
      for (const source of this.sources) source.join();
      await this.partitions.join();
    });
  }

  async status(): Promise<ConsumerStatus> {
    const { runner, settings } = this;
    const isConnected = this.context.link.connected;
    const isKnown = this.state !== 'stopped' && isConnected;
    const waiting = isKnown ? await this.waiting().catch(() => undefined) : undefined;
    const isAway = this.state === 'running' && !isConnected;
    return {
      name: this.name,
      qos: settings.qos,
      state: isAway ? 'disconnected' : this.state,
      running: runner.running,
      handled: runner.handled,
      failed: runner.failed,
      deadLettered: runner.deadLettered,
      waiting,
    };
  }

  stop(): Promise<void> {
    this.stopping ??= this.end();
    return this.stopping;
  }

  /** Waits no longer: what runs is aborted and goes to others. */
  abort(reason: Error): void {
    this.runner.close();
    for (const source of this.sources) source.abort(reason);
    this.partitions.abandon(reason);
    clearInterval(this.beats);
    this.unwatch();
    this.onStopped(this);
  }

  private async end(): Promise<void> {
    this.state = 'stopped';
    this.runner.hold();
    this.change(() => this.leave());
    await this.changes;
    await this.runner.settled();
    // Until then what failed lies nowhere but here.
    if (this.context.link.connected) await Promise.all(this.sources.map((source) => source.given()));
    for (const source of this.sources) source.end();
    clearInterval(this.beats);
    this.unwatch();
    // Acknowledgements are on their way; who asks next must find them there.
    if (this.context.link.connected) await this.context.link.connection.flush().catch(() => undefined);
    this.onStopped(this);
  }

  /** Without a connection no outcome can be written down: what began now would be done again by somebody else. */
  private linkChanged(event: LinkEvent): void {
    if (event !== 'connected') this.runner.hold();
    else if (this.state === 'running') this.runner.release();
  }

  private change(what: () => Promise<void>): void {
    // A connection that is away is repaired elsewhere; here the next change must not fail for it.
    this.changes = this.changes.then(what).catch(() => undefined);
  }

  private async leave(): Promise<void> {
    await Promise.all([...this.sources.map((source) => source.leave()), this.partitions.leave()]);
  }

  private async add(source: Source): Promise<void> {
    const { context, settings, runner, prefetch } = this;
    const consumer = await ensureDurableConsumer(context, settings, this.record.value, source);
    const options = {
      ...source,
      context,
      settings,
      runner,
      consumer,
      window: () => Math.ceil(prefetch.window / (settings.subjects.length + 1)),
      onRoom: this.pull,
      onGone: () => void this.repair(made),
    };
    const made: DurableSource = source.isPacked ? new PackConsumer(options) : new SharedConsumer(options);
    this.sources.push(made);
    made.join();
  }

  /** What one source has settled may have made room for another. */
  private readonly pull = (): void => {
    for (const source of this.sources) source.pull();
  };

  /** The server has lost a consumer, or somebody has removed it: the record of the subscription tells which. */
  private async repair(source: DurableSource): Promise<void> {
    const { context, settings } = this;
    const { subject } = source.options;
    while (this.state === 'running') {
      try {
        const found = await context.records.get<SubscriptionRecord>(context.names.subscription(settings.name));
        if (found === undefined) {
          await this.stop();
          return;
        }
        if (subject !== AGAIN && !(subject in found.value.subjects)) return;
        await ensureDurableConsumer(context, settings, found.value, source.options);
        if (this.state === 'running') source.join();
        return;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, REPAIR_PAUSE).unref());
      }
    }
  }

  private beat(): void {
    for (const source of this.sources) source.beat();
    if (this.state === 'running') this.partitions.tick();
    else this.partitions.renew();
  }

  private async waiting(): Promise<number> {
    const { api, names } = this.context;
    const shared = this.sources.map(async (source) => {
      const info = await api.consumerInfo(names.messages, source.options.consumer);
      const deliveries = (info?.num_pending ?? 0) + (info?.num_ack_pending ?? 0);
      return Math.max(0, deliveries * source.messagesEach - source.inHand);
    });
    const keyed = (await this.partitions.waiting()).map(async ({ partition, here, after }) => {
      const subjects = this.settings.subjects.map((subject) => names.keyed(subject, partition));
      const counts = [...subjects, names.keyedAgain(this.name, partition)].map((subject) =>
        api.countAfter(names.messages, subject, after),
      );
      return here + sum(await Promise.all(counts));
    });
    return sum(await Promise.all([...shared, ...keyed]));
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
