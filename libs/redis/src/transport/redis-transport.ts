import {
  assertOutgoing,
  assertQoS,
  assertSubject,
  assertSubscriptionName,
  messageSize,
  MessageTooLargeError,
  resolveSubscription,
  Transport,
  type Consumer,
  type MessageDeadLetters,
  type MessageHandler,
  type PublishOptions,
  type Reply,
  type RequestHandler,
  type RequestOptions,
  type Responder,
  type SubscriptionOptions,
  type TransportCapabilities,
  type TransportMessage,
  type TransportStatus,
  type TransportWarning,
} from '@catga/core';
import { RedisConnections } from '../connection/index.js';
import { RedisDeadLetters } from './redis-dead-letters.js';
import { RedisSession } from './redis-session.js';
import { toTransportSettings, type RedisTransportOptions, type TransportSettings } from './redis-transport.options.js';
import { closedError, toTransportError, type Extent } from './transport-errors.js';

interface UseOptions {
  readonly extent?: Extent;
  /** What it throws when aborted is the caller's own and stays as it is. */
  readonly signal?: AbortSignal;
}

/**
 * Messages between nodes through Redis 7.0 and later, or Valkey.
 *
 * Every subscription has queues of its own: one for messages without a key, which its members share, and some for those
 * with a key, each owned by one member at a time, so that the order of a key holds on any number of nodes. What was
 * handled is deleted; nothing unread is ever trimmed. QoS 0 and requests are never stored at all.
 *
 * What `publish` acknowledges survives a crash of the server only with `appendonly yes` and `appendfsync always`;
 * {@link RedisTransport.warnings} says what the server has instead.
 *
 * @example
 * ```ts
 * const transport = new RedisTransport({ url: 'redis://localhost:6379', name: 'shop' });
 * await transport.open();
 * await transport.subscribe({ name: 'mails', subjects: ['event.order-created'] }, async (message) => send(message));
 * await transport.publish([{ id: 'e-1', subject: 'event.order-created', key: 'o-1', body: '{"orderId":"o-1"}' }]);
 * ```
 */
export class RedisTransport extends Transport {
  readonly deadLetters: MessageDeadLetters;
  /** Begins every key, see {@link RedisTransportOptions}. */
  readonly name: string;
  private readonly connections: RedisConnections;
  private readonly settings: TransportSettings;
  private session: RedisSession | undefined;
  private isClosing = false;
  private readonly listeners = new Set<(status: TransportStatus) => void>();
  private closing: Promise<void> | undefined;

  /**
   * @param where whose options they are, for messages
   * @throws {UnknownOptionError} @throws {InvalidOptionError} @throws {InvalidDurationError}
   */
  constructor(options: RedisTransportOptions = {}, where = 'new RedisTransport') {
    super();
    this.settings = toTransportSettings(options, where);
    this.connections = new RedisConnections(options, where);
    this.name = this.connections.settings.name;
    this.deadLetters = new RedisDeadLetters({
      key: (name) => this.connections.key('t', name),
      call: (command, args) => this.use('the access to dead letters', ({ main }) => main.call(command, args)),
      run: (script, args) => this.use('the access to dead letters', ({ main }) => main.run(script, args)),
    });
  }

  get capabilities(): TransportCapabilities {
    return {
      name: 'redis',
      distributed: true,
      durable: this.session?.isDurable ?? true,
      qos: [0, 1, 2],
      deduplicationWindow: this.settings.deduplicationWindow,
    };
  }

  /** @throws {TransportUnavailableError} within the `connectTimeout`; at once when the server refuses the login */
  async open(): Promise<void> {
    await this.closing;
    if (this.session !== undefined) return;
    this.isClosing = false;
    const session = new RedisSession(this.connections, this.settings);
    try {
      await session.open();
    } catch (error) {
      session.disconnect();
      throw toTransportError(error, session.main.connection, 'the opening of the transport', 'whole');
    }
    this.session = session;
    session.main.connection.onStatus((status) => {
      if (status === 'ready') this.tell('connected');
      else if (status === 'lost') this.tell('disconnected');
    });
  }

  close(): Promise<void> {
    this.closing ??= this.end().finally(() => (this.closing = undefined));
    return this.closing;
  }

  async ping(): Promise<void> {
    await this.use('the ping', ({ main }) => main.call('PING', []), { extent: 'whole' });
  }

  override onStatus(listener: (status: TransportStatus) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  override warnings(): readonly TransportWarning[] {
    return this.session?.warnings ?? [];
  }

  async publish(messages: readonly TransportMessage[], options: PublishOptions = {}): Promise<void> {
    const qos = assertQoS(this.capabilities, options.qos);
    for (const message of messages) this.assertSendable(message);
    const publish = async ({ main, publisher }: RedisSession): Promise<void> => {
      if (messages.length === 0) return;
      if (qos > 0) await publisher.publish(messages, qos);
      else if (main.isReady) publisher.offer(messages);
      else throw main.connection.problem();
    };
    await this.use('the publishing', publish, { extent: 'whole' });
  }

  async subscribe(options: SubscriptionOptions, handler: MessageHandler): Promise<Consumer> {
    const settings = resolveSubscription(options, this.capabilities);
    if (this.isClosing) throw closedError();
    return this.use(`the subscription "${settings.name}"`, (session) => session.subscribe(settings, handler));
  }

  async removeSubscription(name: string): Promise<void> {
    assertSubscriptionName(name);
    await this.use(`the removal of subscription "${name}"`, (session) => session.removeSubscription(name));
  }

  async request(message: TransportMessage, options: RequestOptions = {}): Promise<Reply> {
    this.assertSendable(message);
    const { signal } = options;
    const ask = ({ requests }: RedisSession): Promise<Reply> => requests.request(message, options);
    return this.use('the request', ask, { extent: 'whole', ...(signal !== undefined && { signal }) });
  }

  async respond(subject: string, handler: RequestHandler): Promise<Responder> {
    assertSubject(subject);
    if (this.isClosing) throw closedError();
    return this.use(`the responder of "${subject}"`, (session) => session.respond(subject, handler));
  }

  private tell(status: TransportStatus): void {
    for (const listener of [...this.listeners]) listener(status);
  }

  private async end(): Promise<void> {
    const { session } = this;
    if (session === undefined) return;
    // Handlers that finish meanwhile may still publish and ask.
    this.isClosing = true;
    await session.stop(closedError());
    this.session = undefined;
    session.disconnect();
  }

  private async use<T>(
    doing: string,
    act: (session: RedisSession) => Promise<T>,
    options: UseOptions = {},
  ): Promise<T> {
    const { session } = this;
    const { signal, extent } = options;
    if (session === undefined) throw closedError();
    try {
      return await act(session);
    } catch (error) {
      if (signal?.aborted === true && error === signal.reason) throw error;
      throw toTransportError(error, session.main.connection, doing, extent);
    }
  }

  private assertSendable(message: TransportMessage): void {
    assertOutgoing(message);
    const size = messageSize(message);
    const { maxMessageSize } = this.settings;
    if (size <= maxMessageSize) return;
    throw new MessageTooLargeError(
      message.id,
      message.subject,
      size,
      maxMessageSize,
      'maxMessageSize of RedisTransport',
    );
  }
}
