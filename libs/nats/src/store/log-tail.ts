import { createInbox, nanos, type Msg, type Subscription } from '@nats-io/transport-node';
import type { NatsLink } from '../connection/index.js';
import { parseDelivery, type Delivery } from './delivery.js';

/** The server says so often that it is there. Milliseconds. */
const HEARTBEAT = 1_000;
/** Without any message for so long, the consumer is made again. Milliseconds. */
const SILENCE = 3_500;
/** Pause after a failed attempt to make a consumer. Milliseconds. */
const PAUSE = 250;

/** What the tail tells. */
export interface TailEvents {
  /** The next message of the log, in order and without a gap. */
  message(delivery: Delivery, data: Uint8Array): void;
  /** A consumer could not be made; it is tried again. */
  failed(error: Error): void;
}

/**
 * Follows the log: every message once, in order, for ever. A consumer of its own that acknowledges nothing, made again
 * from the next message on whenever it has a gap, falls silent or its connection was lost.
 */
export class LogTail {
  private subscription: Subscription | undefined;
  private consumer: string | undefined;
  /** Number of the last message of this consumer. */
  private delivered = 0;
  private heardAt = 0;
  private timer: NodeJS.Timeout | undefined;
  private unwatch: (() => void) | undefined;
  private starting = false;
  private again = false;
  private stopped = true;

  constructor(
    private readonly link: NatsLink,
    private readonly stream: string,
    private readonly events: TailEvents,
    /** Sequence of the next message that is wanted. */
    private readonly next: () => number,
  ) {}

  start(): void {
    this.stopped = false;
    this.unwatch = this.link.onEvent((event) => {
      if (event === 'connected') void this.restart();
    });
    this.timer = setInterval(() => this.watch(), SILENCE / 4);
    void this.restart();
  }

  /** Ends it. Waits until the server has removed the consumer, if it is there. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearInterval(this.timer);
    this.unwatch?.();
    await this.drop();
  }

  private watch(): void {
    if (this.link.connected && performance.now() - this.heardAt > SILENCE) void this.restart();
  }

  private async restart(): Promise<void> {
    this.again = true;
    if (this.starting) return;
    this.starting = true;
    while (this.again && !this.stopped) {
      this.again = false;
      try {
        void this.drop();
        await this.create();
      } catch (error) {
        if (this.stopped) break;
        this.events.failed(error as Error);
        await new Promise((resolve) => setTimeout(resolve, PAUSE));
        this.again = this.link.connected; // otherwise the connection will tell
      }
    }
    this.starting = false;
  }

  private async create(): Promise<void> {
    const inbox = createInbox();
    this.delivered = 0;
    this.heardAt = performance.now();
    // A subject of its own for each consumer: what a former one still sends does not arrive.
    const subscription = this.link.connection.subscribe(inbox, {
      callback: (error, message) => {
        if (error === null && this.subscription === subscription) this.received(message);
      },
    });
    this.subscription = subscription;
    const { name } = await this.link.jetStream<{ name: string }>(`CONSUMER.CREATE.${this.stream}`, {
      stream_name: this.stream,
      config: {
        deliver_subject: inbox,
        deliver_policy: 'by_start_sequence',
        opt_start_seq: this.next(),
        ack_policy: 'none',
        max_deliver: 1,
        mem_storage: true,
        num_replicas: 1,
        flow_control: true,
        idle_heartbeat: nanos(HEARTBEAT),
        inactive_threshold: nanos(30_000),
      },
    });
    this.consumer = name;
  }

  private async drop(): Promise<void> {
    const { subscription, consumer } = this;
    this.subscription = undefined;
    this.consumer = undefined;
    if (subscription !== undefined && !subscription.isClosed()) subscription.unsubscribe();
    // Whatever is not removed goes by itself when nobody has listened for a while.
    if (consumer === undefined || !this.link.connected) return;
    await this.link.jetStream(`CONSUMER.DELETE.${this.stream}.${consumer}`).catch(() => undefined);
  }

  private received(message: Msg): void {
    this.heardAt = performance.now();
    const { headers, reply } = message;
    if (headers?.code === 100) {
      this.heartbeat(message);
      return;
    }
    const delivery = reply === undefined ? undefined : parseDelivery(reply);
    if (delivery === undefined) return;
    if (delivery.consumerSequence !== this.delivered + 1) {
      void this.restart();
      return;
    }
    this.delivered++;
    this.events.message(delivery, message.data);
  }

  private heartbeat({ headers, reply }: Msg): void {
    // The server asks how far we are before it sends more: we are where we answer.
    const stalled = reply ?? headers?.get('Nats-Consumer-Stalled') ?? '';
    if (stalled !== '') this.link.connection.publish(stalled);
    const last = headers?.get('Nats-Last-Consumer') ?? '';
    if (last !== '' && Number(last) > this.delivered) void this.restart();
  }
}
