import type { Msg } from '@nats-io/transport-node';
import type { TransportContext } from '../context.js';
import { parseDelivery } from '../delivery.js';
import { Pull } from '../pull.js';

const NANOSECONDS = 1_000_000;
/** The server ends a consumer of which nobody pulls for so long. */
const INACTIVE = 60_000;
const FIRST_PAUSE = 50;
const LONGEST_PAUSE = 2_000;

/** What is read and where it goes. */
export interface PartitionReaderOptions {
  readonly context: TransportContext;
  /** Subjects on the server. */
  readonly subjects: readonly string[];
  /** For servers that take one filter for a consumer: a subject with a wildcard that covers all of them. */
  readonly cover: string;
  readonly room: () => number;
  readonly onMessage: (message: Msg, sequence: number, storedAt: number) => void;
}

/**
 * Reads part of a stream in order, without gaps and without acknowledgements: the owner writes down itself how far it
 * is. The consumer lives in the server's memory; a lost delivery or connection makes a new one, where this one stood.
 */
export class PartitionReader {
  private pulling: Pull | undefined;
  private consumer: string | undefined;
  private expected = 1;
  private generation = 0;
  private readonly unwatch: () => void;
  private isStopped = false;

  /** @param after number of the stream after which it begins */
  constructor(
    private readonly options: PartitionReaderOptions,
    private after: number,
  ) {
    this.unwatch = options.context.link.onEvent((event) => {
      if (event === 'connected') void this.begin();
    });
    void this.begin();
  }

  /** How far it has read. */
  get position(): number {
    return this.after;
  }

  /** Asks for more if there is room. */
  pull(): void {
    this.pulling?.pull();
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    this.generation++;
    this.unwatch();
    await this.leaveConsumer();
  }

  private async begin(): Promise<void> {
    const generation = ++this.generation;
    void this.leaveConsumer();
    const { context } = this.options;
    for (let pause = FIRST_PAUSE; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
      if (generation !== this.generation || !context.link.connected) return;
      try {
        const { name } = await context.api.createEphemeral(context.names.messages, this.config());
        if (generation === this.generation) this.follow(name, generation);
        else void context.api.deleteConsumer(context.names.messages, name).catch(() => undefined);
        return;
      } catch {
        // Said by whoever uses the connection; here it only has to go on when it can.
        await new Promise((resolve) => setTimeout(resolve, pause).unref());
      }
    }
  }

  private config(): Parameters<TransportContext['api']['createEphemeral']>[1] {
    const { context, subjects, cover } = this.options;
    const filter = context.link.features.consumerFilters ? { filter_subjects: subjects } : { filter_subject: cover };
    return {
      deliver_policy: 'by_start_sequence',
      opt_start_seq: this.after + 1,
      ack_policy: 'none',
      inactive_threshold: INACTIVE * NANOSECONDS,
      mem_storage: true,
      num_replicas: 1,
      ...filter,
    };
  }

  private follow(consumer: string, generation: number): void {
    const { context, room } = this.options;
    this.consumer = consumer;
    this.expected = 1;
    this.pulling = new Pull({
      link: context.link,
      stream: context.names.messages,
      consumer,
      room,
      onMessage: (message) => {
        if (generation === this.generation) this.take(message);
      },
      onGone: () => {
        if (generation === this.generation) void this.begin();
      },
    });
    this.pulling.pull();
  }

  private take(message: Msg): void {
    const { sequence, consumerSequence, storedAt } = parseDelivery(message.reply ?? '');
    if (consumerSequence !== this.expected) {
      void this.begin();
      return;
    }
    this.expected++;
    this.after = sequence;
    this.options.onMessage(message, sequence, storedAt);
  }

  private async leaveConsumer(): Promise<void> {
    const { context } = this.options;
    const { consumer, pulling } = this;
    this.consumer = undefined;
    this.pulling = undefined;
    void pulling?.stop();
    if (consumer === undefined || !context.link.connected) return;
    await context.api.deleteConsumer(context.names.messages, consumer).catch(() => undefined);
  }
}
