import { randomUUID } from 'node:crypto';
import {
  assertOutgoing,
  assertQoS,
  assertSubject,
  assertSubscriptionName,
  resolveSubscription,
  Transport,
} from '@catga/core';
import type {
  Consumer,
  MessageDeadLetters,
  MessageHandler,
  PublishOptions,
  Reply,
  RequestHandler,
  RequestOptions,
  Responder,
  SubscriptionOptions,
  TransportCapabilities,
  TransportMessage,
  TransportStatus,
  TransportWarning,
} from '@catga/core';
import { removeDurableSubscription } from './durable-consumers.js';
import { encodeEnvelope, encodeMessage } from './envelope.js';
import { tooLarge, translated, unavailable } from './errors.js';
import { FleetingConsumer } from './fleeting-consumer.js';
import { LazyDeadLetters } from './lazy-dead-letters.js';
import { Names } from './names.js';
import { NatsConsumer } from './nats-consumer.js';
import { LETTER_RESERVE } from './nats-dead-letters.js';
import { NatsResponder } from './nats-responder.js';
import type { NatsTransportOptions } from './nats-transport.options.js';
import { OpenTransport } from './open-transport.js';
import { fitsIntoPack, type PackItem } from './packs/pack-format.js';
import { publishDurably } from './publish.js';
import { toTransportSettings, type TransportSettings } from './transport-settings.js';

/**
 * Messages over NATS: QoS 1 and 2 through JetStream, QoS 0 and requests through core NATS. Servers from 2.9 on.
 *
 * - Messages without a key go from one durable consumer to whichever member is free.
 * - Messages with a key lie in partitions; each is read by one member at a time, with a lane for every key, so that a
 *   key that fails waits alone.
 *
 * @example
 * ```ts
 * const transport = new NatsTransport({ servers: 'nats://127.0.0.1:4222', name: 'orders' });
 * await transport.open();
 * await transport.publish([{ id: '1', subject: 'event.order-created', key: 'order-7', body: '{}' }]);
 * ```
 */
export class NatsTransport extends Transport {
  readonly capabilities: TransportCapabilities;
  readonly deadLetters: MessageDeadLetters;
  private readonly settings: TransportSettings;
  private readonly names: Names;
  private opened: OpenTransport | undefined;
  private closing: Promise<void> | undefined;
  private readonly listeners = new Set<(status: TransportStatus) => void>();
  private readonly parts = new Set<{ stop(): Promise<void>; abort(reason: Error): void }>();

  /** @throws {UnknownOptionError} @throws {InvalidOptionError} @throws {InvalidDurationError} */
  constructor(options: NatsTransportOptions = {}) {
    super();
    this.settings = toTransportSettings(options);
    this.names = new Names(this.settings.name);
    this.deadLetters = new LazyDeadLetters(() => this.open_().context.letters);
    this.capabilities = {
      name: 'nats',
      distributed: true,
      durable: true,
      qos: [0, 1, 2],
      deduplicationWindow: this.settings.deduplicationWindow,
    };
  }

  /** @throws {TransportUnavailableError} */
  async open(): Promise<void> {
    await this.closing;
    if (this.opened !== undefined) return;
    this.opened = await translated(() => OpenTransport.open(this.settings, this.names));
    this.opened.context.link.onEvent((event) => {
      if (event !== 'closed') for (const listener of [...this.listeners]) listener(event);
    });
  }

  close(): Promise<void> {
    this.closing ??= this.shutDown().finally(() => (this.closing = undefined));
    return this.closing;
  }

  async ping(): Promise<void> {
    await translated(() => this.open_().ping());
  }

  override onStatus(listener: (status: TransportStatus) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  override warnings(): readonly TransportWarning[] {
    return this.opened?.warnings ?? [];
  }

  async publish(messages: readonly TransportMessage[], options: PublishOptions = {}): Promise<void> {
    const qos = assertQoS(this.capabilities, options.qos);
    for (const message of messages) assertOutgoing(message);
    const { context } = this.open_();
    if (qos === 0) {
      this.send(
        messages,
        messages.map((message) => this.encode(message, { t: Date.now() })),
      );
      return;
    }
    const payloads = messages.map((message) => (qos === 1 ? this.toPackItem(message) : this.encode(message)));
    await publishDurably(context, messages, payloads, qos);
  }

  async subscribe(options: SubscriptionOptions, handler: MessageHandler): Promise<Consumer> {
    const settings = resolveSubscription(options, this.capabilities);
    const { context } = this.open_();
    const left = (consumer: NatsConsumer | FleetingConsumer): void => void this.parts.delete(consumer);
    if (settings.qos === 0) {
      const consumer = new FleetingConsumer(context.link, this.names, settings, handler, left);
      this.parts.add(consumer);
      await translated(() => consumer.join());
      return consumer;
    }
    const consumer = await translated(() => NatsConsumer.join(context, settings, handler, randomUUID(), left));
    this.parts.add(consumer);
    return consumer;
  }

  async removeSubscription(name: string): Promise<void> {
    assertSubscriptionName(name);
    await translated(() => removeDurableSubscription(this.open_().context, name));
  }

  async request(message: TransportMessage, options: RequestOptions = {}): Promise<Reply> {
    assertOutgoing(message);
    const { requests, context } = this.open_();
    const payload = requests.encode(message, options);
    this.assertFits(message, payload);
    if (options.signal?.aborted === true) throw options.signal.reason as Error;
    if (!context.link.connected) throw this.disconnected(message.subject);
    return requests.send(message, payload, options);
  }

  async respond(subject: string, handler: RequestHandler): Promise<Responder> {
    assertSubject(subject);
    const { context } = this.open_();
    const responder = new NatsResponder(context.link, this.names, subject, handler, (left) => this.parts.delete(left));
    this.parts.add(responder);
    await context.link.connection.flush();
    return responder;
  }

  private open_(): OpenTransport {
    if (this.opened !== undefined) return this.opened;
    throw unavailable('closed', this.serverNames(), 'it was to be used');
  }

  private send(messages: readonly TransportMessage[], payloads: readonly Buffer[]): void {
    const { link } = this.open_().context;
    for (const [index, { subject }] of messages.entries()) {
      if (!link.connected) throw this.disconnected(subject);
      link.connection.publish(this.names.fleeting(subject), payloads[index] as Buffer);
    }
  }

  private encode(message: TransportMessage, rest?: { readonly t: number }): Buffer {
    const payload = encodeMessage(message, rest);
    this.assertFits(message, payload);
    return payload;
  }

  /** What may travel with others. De-duplication is one message at a time, so QoS 2 may not. */
  private toPackItem(message: TransportMessage): Buffer | PackItem {
    const { key, body } = message;
    if (key !== undefined || typeof body !== 'string' || !fitsIntoPack(body)) return this.encode(message);
    const envelope = encodeEnvelope(message);
    return fitsIntoPack(envelope) ? { envelope, body } : this.encode(message);
  }

  private assertFits({ id, subject }: TransportMessage, payload: Buffer): void {
    const limit = this.open_().context.link.maxPayload - LETTER_RESERVE;
    if (payload.length > limit) throw tooLarge(id, subject, payload.length, limit);
  }

  private disconnected(subject: string): Error {
    return unavailable('connection', this.serverNames(), `nothing could be sent to "${subject}"`);
  }

  private serverNames(): readonly string[] {
    return this.opened?.context.link.servers ?? [String(this.settings.connection.servers ?? 'its default address')];
  }

  private async shutDown(): Promise<void> {
    const { opened } = this;
    if (opened === undefined) return;
    const parts = [...this.parts];
    const reason = unavailable('closed', this.serverNames(), 'handlers under way are not waited for any longer');
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        for (const part of parts) if (this.parts.has(part)) part.abort(reason);
        resolve();
      }, this.settings.drainTimeout);
    });
    await Promise.race([Promise.all(parts.map((part) => part.stop())), late]);
    clearTimeout(timer);
    this.parts.clear();
    this.opened = undefined;
    await opened.close();
  }
}
