import type {
  Consumer,
  MessageHandler,
  RequestHandler,
  Responder,
  SubscriptionSettings,
  TransportWarning,
} from '@catga/core';
import type { RedisConnection, RedisConnections } from '../connection/index.js';
import { readServerSettings } from '../store/index.js';
import { DurableConsumer } from './durable-consumer.js';
import { FleetingConsumer } from './fleeting-consumer.js';
import { Inbox } from './inbox.js';
import { Link } from './link.js';
import { Publisher } from './publisher.js';
import type { TransportSettings } from './redis-transport.options.js';
import { Requests } from './requests.js';
import { RedisResponder } from './responders.js';
import { SCRIPTS } from './scripts/index.js';
import { ServerClock } from './server-clock.js';
import { isDurable, warningsOf } from './server-warnings.js';

/** Entries that one call copies for a subscription that begins with the oldest. */
const PORTION = 500;

/** Something of this node that takes part. */
interface Part {
  close(limit: number, reason: Error): Promise<void>;
}

/** All that a transport has from `open` to `close`: three connections, and who uses them. */
export class RedisSession {
  /** Publishes, asks, answers. */
  readonly main: Link;
  /** Fetches and acknowledges: large answers keep no publisher waiting. */
  private readonly work: Link;
  /** Only listens, as Redis demands. */
  private readonly ear: RedisConnection;
  readonly publisher: Publisher;
  readonly requests: Requests;
  warnings: readonly TransportWarning[] = [];
  isDurable = true;
  private readonly inbox: Inbox;
  private readonly clock = new ServerClock();
  private readonly parts = new Set<Part>();

  constructor(
    private readonly connections: RedisConnections,
    private readonly settings: TransportSettings,
  ) {
    const { commandTimeout } = settings;
    const { cluster } = connections.settings;
    this.main = new Link(connections, 'transport', commandTimeout);
    this.work = new Link(connections, 'transport-work', commandTimeout);
    this.ear = connections.open('transport-inbox');
    this.inbox = new Inbox(this.main, this.ear, this.clock, commandTimeout, cluster);
    this.publisher = new Publisher(this.main, settings, this.clock, cluster);
    this.requests = new Requests(this.main, this.inbox, this.clock, cluster);
  }

  async open(): Promise<void> {
    const within = this.connections.settings.connectTimeout;
    await Promise.all([this.main.connection, this.work.connection, this.ear].map((each) => each.ready(within)));
    const servers = await readServerSettings(this.main.connection.client);
    this.warnings = warningsOf(servers);
    this.isDurable = isDurable(servers);
    await this.inbox.open();
  }

  async subscribe(settings: SubscriptionSettings, handler: MessageHandler): Promise<Consumer> {
    const left = (part: Part): boolean => this.parts.delete(part);
    if (settings.qos === 0) {
      return this.join(new FleetingConsumer(this.main, this.inbox, settings, handler, left));
    }
    const { partitions } = this.settings;
    const args = [settings.name, partitions, settings.startFrom, PORTION, ...settings.subjects];
    while (Number(await this.work.run(SCRIPTS.subscribe, args)) === 0);
    return this.join(new DurableConsumer(this.work, this.inbox, settings, handler, left));
  }

  async removeSubscription(name: string): Promise<void> {
    await this.work.run(SCRIPTS.remove, [name]);
  }

  respond(subject: string, handler: RequestHandler): Promise<Responder> {
    const { maxMessageSize } = this.settings;
    const left = (part: Part): boolean => this.parts.delete(part);
    return this.join(new RedisResponder(this.inbox, this.clock, subject, handler, maxMessageSize, left));
  }

  /** Every part stops and waits for its handlers. */
  async stop(reason: Error): Promise<void> {
    await Promise.all([...this.parts].map((part) => part.close(this.settings.drainTimeout, reason)));
  }

  disconnect(): void {
    this.inbox.close();
    this.main.close();
    this.work.close();
    this.ear.close();
  }

  private async join<T extends Part & { start(): Promise<void> }>(part: T): Promise<T> {
    this.parts.add(part);
    try {
      await part.start();
      return part;
    } catch (error) {
      await part.close(0, error as Error);
      throw error;
    }
  }
}
