import { assertKnownOptions, InvalidOptionError, toMilliseconds, type Duration } from '../../foundation/index.js';
import type { MessageDeadLetters } from '../dead-letters.js';
import { assertOutgoing, assertQoS, messageSize } from '../outgoing.js';
import { assertSubject, assertSubscriptionName } from '../subjects.js';
import type { Consumer, MessageHandler, SubscriptionOptions } from '../subscription.js';
import { resolveSubscription } from '../subscription-settings.js';
import {
  MessageTooLargeError,
  NoResponderError,
  RequestTimeoutError,
  TransportUnavailableError,
} from '../transport.errors.js';
import type { Reply, TransportMessage } from '../transport-message.js';
import {
  Transport,
  type PublishOptions,
  type RequestHandler,
  type RequestOptions,
  type Responder,
  type TransportCapabilities,
} from '../transport.js';
import { MemoryBroker } from './memory-broker.js';
import type { MemoryConsumer } from './memory-consumer.js';
import { incoming, keep } from './memory-message.js';
import { MemoryResponder } from './memory-responder.js';

const { setTimeout, clearTimeout } = globalThis;

/** Options of {@link MemoryTransport}. */
export interface MemoryTransportOptions {
  /** Nodes with one broker reach each other. Default: one of its own. */
  readonly broker?: MemoryBroker;
  /** Bytes of the largest message. Default 1 MiB. */
  readonly maxMessageSize?: number;
  /** How long `close` waits for handlers before it aborts them. Default `'10s'`. */
  readonly drainTimeout?: Duration;
}

/**
 * The transport of an application on one node, and of tests: a failed handler loses no message, the end of the OS
 * process loses all of them. Several transports with one {@link MemoryBroker} work as several nodes would.
 */
export class MemoryTransport extends Transport {
  readonly capabilities: TransportCapabilities;
  readonly deadLetters: MessageDeadLetters;
  private readonly broker: MemoryBroker;
  private readonly limit: number;
  private readonly drainTimeout: number;
  private readonly consumers = new Set<MemoryConsumer>();
  private readonly responders = new Set<MemoryResponder>();
  private isOpen = false;
  private closing: Promise<void> | undefined;

  /** @throws {UnknownOptionError} @throws {InvalidOptionError} */
  constructor(options: MemoryTransportOptions = {}) {
    super();
    assertKnownOptions('MemoryTransport', options, ['broker', 'maxMessageSize', 'drainTimeout']);
    this.broker = options.broker ?? new MemoryBroker();
    this.limit = options.maxMessageSize ?? 1_024 * 1_024;
    if (!Number.isSafeInteger(this.limit) || this.limit < 1) {
      throw new InvalidOptionError('MemoryTransport.maxMessageSize', this.limit, 'a whole number of bytes');
    }
    this.drainTimeout = toMilliseconds(options.drainTimeout ?? '10s', 'MemoryTransport.drainTimeout');
    this.deadLetters = this.broker.deadLetters;
    this.capabilities = {
      name: 'memory',
      distributed: false,
      durable: false,
      qos: [0, 1, 2],
      deduplicationWindow: this.broker.deduplicationWindow,
    };
  }

  async open(): Promise<void> {
    this.isOpen = true;
  }

  /** Handlers under way may still publish and request; only then the transport is closed. */
  close(): Promise<void> {
    return (this.closing ??= this.drain().finally(() => {
      this.isOpen = false;
      this.closing = undefined;
    }));
  }

  /**
   * As if this node's OS process had died, for tests: nothing more of it reaches the broker, and others get its
   * messages after their `ackTimeout`.
   */
  disconnect(): void {
    this.isOpen = false;
    for (const consumer of this.consumers) consumer.disconnect(closed());
    for (const responder of this.responders) responder.end();
  }

  async ping(): Promise<void> {
    this.assertOpen();
  }

  async publish(messages: readonly TransportMessage[], options: PublishOptions = {}): Promise<void> {
    const qos = assertQoS(this.capabilities, options.qos);
    for (const message of messages) this.assertSendable(message);
    this.assertOpen();
    this.broker.publish(messages, qos);
  }

  async subscribe(options: SubscriptionOptions, handler: MessageHandler): Promise<Consumer> {
    const settings = resolveSubscription(options, this.capabilities);
    this.assertOpen();
    if (this.closing !== undefined) throw closed();
    const consumer = this.broker.subscribe(settings, handler, (left) => this.consumers.delete(left));
    this.consumers.add(consumer);
    return consumer;
  }

  async removeSubscription(name: string): Promise<void> {
    assertSubscriptionName(name);
    this.assertOpen();
    this.broker.removeSubscription(name);
  }

  async request(message: TransportMessage, { timeout = 30_000, signal }: RequestOptions = {}): Promise<Reply> {
    this.assertSendable(message);
    this.assertOpen();
    if (signal?.aborted === true) throw signal.reason as Error;
    const { subject } = message;
    const responder = this.broker.nextResponder(subject);
    if (responder === undefined) throw new NoResponderError(subject);
    const gaveUp = new AbortController();
    const answer = responder.answer(incoming(keep(message, this.broker.now()), 1), gaveUp.signal);
    return inTime(answer, subject, timeout, signal, gaveUp);
  }

  async respond(subject: string, handler: RequestHandler): Promise<Responder> {
    assertSubject(subject);
    this.assertOpen();
    if (this.closing !== undefined) throw closed();
    const responder = new MemoryResponder(subject, handler, this.limit, (left) => {
      this.responders.delete(left);
      this.broker.removeResponder(left);
    });
    this.responders.add(responder);
    this.broker.addResponder(responder);
    return responder;
  }

  private async drain(): Promise<void> {
    const reason = closed();
    const parts = [...this.consumers, ...this.responders];
    await Promise.all(parts.map((part) => part.close(this.drainTimeout, reason)));
  }

  private assertOpen(): void {
    if (!this.isOpen) throw closed();
  }

  private assertSendable(message: TransportMessage): void {
    assertOutgoing(message);
    const size = messageSize(message);
    if (size <= this.limit) return;
    throw new MessageTooLargeError(message.id, message.subject, size, this.limit, 'maxMessageSize of MemoryTransport');
  }
}

function closed(): TransportUnavailableError {
  return new TransportUnavailableError(
    'closed',
    'The memory transport is closed: the application has not opened it yet, or shuts down. What was published before is kept by its broker as long as the OS process lives.',
  );
}

/** The answer, unless the caller gives up before; the responder is told when it does. */
async function inTime(
  answer: Promise<Reply>,
  subject: string,
  timeout: number,
  signal: AbortSignal | undefined,
  gaveUp: AbortController,
): Promise<Reply> {
  let stop = (_reason: Error): void => {};
  const givenUp = new Promise<never>((_resolve, reject) => {
    stop = (reason) => {
      gaveUp.abort(reason);
      reject(reason);
    };
  });
  const late = setTimeout(() => stop(new RequestTimeoutError(subject, timeout)), timeout);
  const aborted = (): void => stop(signal?.reason as Error);
  signal?.addEventListener('abort', aborted, { once: true });
  try {
    return await Promise.race([answer, givenUp]);
  } finally {
    clearTimeout(late);
    signal?.removeEventListener('abort', aborted);
    answer.catch(() => undefined);
  }
}
