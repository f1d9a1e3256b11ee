import type { NatsLink } from '../connection/index.js';
import { JetStreamError } from '../connection/index.js';

/** Numbers of JetStream's errors that are answers to us. */
export const STREAM_NOT_FOUND = 10_059;
export const CONSUMER_NOT_FOUND = 10_014;
export const MESSAGE_NOT_FOUND = 10_037;
const MESSAGE_TO_DELETE_NOT_FOUND = 10_043;
const MESSAGE_DELETE_FAILED = 10_057;
/** What the server says of the deletion of a message that is not there any more. */
export const DELETED_BEFORE: readonly number[] = [
  MESSAGE_NOT_FOUND,
  MESSAGE_TO_DELETE_NOT_FOUND,
  MESSAGE_DELETE_FAILED,
];
/** Somebody else has written this subject. */
export const WRONG_LAST_SEQUENCE: ReadonlySet<number> = new Set([10_071, 10_164]);

/** Settings of a stream, as JetStream names them. */
export interface StreamConfig {
  readonly name: string;
  readonly subjects: readonly string[];
  readonly retention: 'limits' | 'interest' | 'workqueue';
  readonly storage: 'file' | 'memory';
  readonly discard: 'old' | 'new';
  readonly num_replicas: number;
  readonly max_age: number;
  readonly max_msgs: number;
  readonly max_bytes: number;
  readonly max_msgs_per_subject: number;
  /** Nanoseconds. */
  readonly duplicate_window: number;
}

export interface StreamInfo {
  readonly config: StreamConfig;
  readonly state: {
    readonly messages: number;
    readonly first_seq: number;
    readonly last_seq: number;
    readonly subjects?: Readonly<Record<string, number>>;
  };
}

/** Settings of a consumer, as JetStream names them. */
export interface ConsumerConfig {
  readonly durable_name?: string;
  readonly deliver_policy: 'all' | 'new' | 'by_start_sequence';
  readonly opt_start_seq?: number;
  readonly ack_policy: 'explicit' | 'none';
  /** Nanoseconds. */
  readonly ack_wait?: number;
  readonly max_ack_pending?: number;
  readonly max_deliver?: number;
  readonly filter_subject?: string;
  readonly filter_subjects?: readonly string[];
  /** Nanoseconds. */
  readonly inactive_threshold?: number;
  readonly headers_only?: boolean;
  readonly mem_storage?: boolean;
  readonly num_replicas?: number;
}

export interface ConsumerInfo {
  readonly name: string;
  readonly config: ConsumerConfig;
  readonly ack_floor: { readonly stream_seq: number };
  readonly num_ack_pending: number;
  readonly num_pending: number;
}

/** A message as it lies in a stream. */
export interface StoredMessage {
  readonly subject: string;
  readonly sequence: number;
  readonly data: Buffer;
  /** Milliseconds since 1970. */
  readonly storedAt: number;
}

/** The parts of JetStream's API that a transport needs. Errors: {@link JetStreamError}, `NatsUnavailableError`. */
export class JetStreamApi {
  constructor(private readonly link: NatsLink) {}

  streamInfo(stream: string, subjectsFilter?: string): Promise<StreamInfo | undefined> {
    const body = subjectsFilter === undefined ? undefined : { subjects_filter: subjectsFilter };
    return unless(STREAM_NOT_FOUND, this.link.jetStream<StreamInfo>(`STREAM.INFO.${stream}`, body));
  }

  createStream(config: StreamConfig): Promise<StreamInfo> {
    return this.link.jetStream(`STREAM.CREATE.${config.name}`, config);
  }

  updateStream(config: StreamConfig): Promise<StreamInfo> {
    return this.link.jetStream(`STREAM.UPDATE.${config.name}`, config);
  }

  /** Removes messages of one subject, those before a number or all but the newest. */
  async purge(stream: string, options: { filter: string; seq?: number; keep?: number }): Promise<void> {
    await this.link.jetStream(`STREAM.PURGE.${stream}`, options);
  }

  /** Makes it, or changes what may be changed. */
  createDurable(stream: string, config: ConsumerConfig & { durable_name: string }): Promise<ConsumerInfo> {
    return this.link.jetStream(`CONSUMER.DURABLE.CREATE.${stream}.${config.durable_name}`, {
      stream_name: stream,
      config,
    });
  }

  /** One without a name that ends by itself when nobody uses it. */
  createEphemeral(stream: string, config: ConsumerConfig): Promise<ConsumerInfo> {
    return this.link.jetStream(`CONSUMER.CREATE.${stream}`, { stream_name: stream, config });
  }

  /** @param timeout milliseconds. Default: as long as any answer may take. */
  consumerInfo(stream: string, consumer: string, timeout?: number): Promise<ConsumerInfo | undefined> {
    const answer = this.link.jetStream<ConsumerInfo>(`CONSUMER.INFO.${stream}.${consumer}`, undefined, timeout);
    return unless(CONSUMER_NOT_FOUND, answer);
  }

  async deleteConsumer(stream: string, consumer: string): Promise<void> {
    await unless(CONSUMER_NOT_FOUND, this.link.jetStream(`CONSUMER.DELETE.${stream}.${consumer}`));
  }

  async consumers(stream: string): Promise<ConsumerInfo[]> {
    const all: ConsumerInfo[] = [];
    for (;;) {
      const page = await this.link.jetStream<{ total: number; consumers: ConsumerInfo[] | null }>(
        `CONSUMER.LIST.${stream}`,
        { offset: all.length },
      );
      all.push(...(page.consumers ?? []));
      if (all.length >= page.total || (page.consumers ?? []).length === 0) return all;
    }
  }

  /** Messages of one subject after a number. */
  async countAfter(stream: string, subject: string, after: number): Promise<number> {
    const consumer = await this.createEphemeral(stream, {
      deliver_policy: 'by_start_sequence',
      opt_start_seq: after + 1,
      ack_policy: 'none',
      filter_subject: subject,
      mem_storage: true,
      num_replicas: 1,
      inactive_threshold: 5_000_000_000,
    });
    void this.deleteConsumer(stream, consumer.name).catch(() => undefined);
    return consumer.num_pending;
  }

  lastMessage(stream: string, subject: string): Promise<StoredMessage | undefined> {
    return this.getMessage(stream, { last_by_subj: subject });
  }

  messageAt(stream: string, sequence: number): Promise<StoredMessage | undefined> {
    return this.getMessage(stream, { seq: sequence });
  }

  /** The first one of a subject from a number on. */
  nextMessage(stream: string, subject: string, from: number): Promise<StoredMessage | undefined> {
    return this.getMessage(stream, { seq: from, next_by_subj: subject });
  }

  /** @returns whether it was there */
  async deleteMessage(stream: string, sequence: number): Promise<boolean> {
    try {
      await this.link.jetStream(`STREAM.MSG.DELETE.${stream}`, { seq: sequence, no_erase: true });
      return true;
    } catch (error) {
      if (error instanceof JetStreamError && DELETED_BEFORE.includes(error.errorCode)) return false;
      throw error;
    }
  }

  private async getMessage(stream: string, query: object): Promise<StoredMessage | undefined> {
    const answer = this.link.jetStream<{ message: { subject: string; seq: number; data?: string; time: string } }>(
      `STREAM.MSG.GET.${stream}`,
      query,
    );
    const found = await unless(MESSAGE_NOT_FOUND, answer);
    if (found === undefined) return undefined;
    const { subject, seq, data = '', time } = found.message;
    return { subject, sequence: seq, data: Buffer.from(data, 'base64'), storedAt: Date.parse(time) };
  }
}

async function unless<T>(errorCode: number, answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof JetStreamError && error.errorCode === errorCode) return undefined;
    throw error;
  }
}
