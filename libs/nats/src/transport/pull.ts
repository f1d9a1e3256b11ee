import { createInbox, type Msg, type Subscription } from '@nats-io/transport-node';
import type { NatsLink } from '../connection/index.js';

/** How long the server keeps a request for messages, and how often it shows that it does. Milliseconds. */
const EXPIRES = 30_000;
const HEARTBEAT = 5_000;
/** Bytes that one request may bring. */
const MAX_BYTES = 4 * 1_024 * 1_024;
const NANOSECONDS = 1_000_000;

/** Where messages are pulled from, and where they go. */
export interface PullOptions {
  readonly link: NatsLink;
  readonly stream: string;
  readonly consumer: string;
  /** How many more messages may be under way or held now. */
  readonly room: () => number;
  readonly onMessage: (message: Msg) => void;
  /** The server has no such consumer any more. Called once; make it and pull anew. */
  readonly onGone: () => void;
}

/**
 * Asks one consumer for as many messages as there is room for, and again when there is more. The client's `consume`
 * does not know when a message is *handled*, so it would fetch without end or leave messages unwatched in its buffer.
 */
export class Pull {
  private readonly inbox = createInbox();
  private readonly subscription: Subscription;
  private readonly unwatch: () => void;
  private readonly watchdog: NodeJS.Timeout;
  private outstanding = 0;
  private requests = 0;
  private heardAt = performance.now();
  private isStopped = false;

  constructor(private readonly options: PullOptions) {
    const { link } = options;
    this.subscription = link.connection.subscribe(`${this.inbox}.*`, {
      callback: (error, message) => {
        if (error === null) this.receive(message);
      },
    });
    this.unwatch = link.onEvent((event) => {
      this.outstanding = 0;
      if (event === 'connected') this.pull();
    });
    this.watchdog = setInterval(this.watch, HEARTBEAT);
    this.watchdog.unref();
  }

  /** Messages that were asked for and have not come yet. */
  get expected(): number {
    return this.outstanding;
  }

  /** Asks for more if there is room; call it when a message was handled. */
  pull(): void {
    if (this.isStopped || !this.options.link.connected) return;
    const room = this.options.room() - this.outstanding;
    // Small requests one after the other cost more than they bring: wait until half of what is under way has come.
    if (room <= 0 || room < this.outstanding) return;
    this.outstanding += room;
    const { link, stream, consumer } = this.options;
    link.connection.publish(
      `$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`,
      JSON.stringify({
        batch: room,
        expires: EXPIRES * NANOSECONDS,
        idle_heartbeat: HEARTBEAT * NANOSECONDS,
        max_bytes: Math.max(MAX_BYTES, 2 * link.maxPayload),
      }),
      { reply: `${this.inbox}.${++this.requests}` },
    );
  }

  /** Asks for nothing more. What the server has sent already still goes to `onMessage`; resolves when that is over. */
  async stop(): Promise<void> {
    if (this.isStopped) return;
    this.isStopped = true;
    clearInterval(this.watchdog);
    this.unwatch();
    if (this.subscription.isClosed()) return;
    if (this.options.link.connected) await this.subscription.drain().catch(() => undefined);
    else this.subscription.unsubscribe();
  }

  private receive(message: Msg): void {
    this.heardAt = performance.now();
    if (message.reply !== undefined && message.reply.startsWith('$JS.ACK.')) {
      if (this.outstanding > 0) this.outstanding--;
      this.options.onMessage(message);
      if (this.outstanding === 0) this.pull();
      return;
    }
    if (!this.isStopped) this.status(message);
  }

  /** 100 is a sign of life; everything else ends a request. */
  private status({ headers }: Msg): void {
    const code = headers?.code ?? 0;
    if (code === 100 || headers === undefined) return;
    const left = Number(headers.get('Nats-Pending-Messages') || this.outstanding);
    this.outstanding = Math.max(0, this.outstanding - left);
    const isGone = code === 503 || (code === 409 && /consumer deleted|consumer not found/i.test(headers.description));
    if (isGone) {
      void this.stop();
      this.options.onGone();
      return;
    }
    // A request that the server refuses must not be repeated in a tight loop.
    if (code === 408 || code === 404 || /max ?bytes|batch completed/i.test(headers.description)) this.pull();
    else setTimeout(() => this.pull(), 100).unref();
  }

  /** A request of which nothing is heard is lost: a new leader, or a server that forgot it. */
  private readonly watch = (): void => {
    if (this.outstanding === 0 || performance.now() - this.heardAt < HEARTBEAT * 2.5) {
      this.pull();
      return;
    }
    this.outstanding = 0;
    this.heardAt = performance.now();
    this.pull();
  };
}
