import type { MessageDeadLetters } from './dead-letters.js';
import type { IncomingMessage, QoS, Reply, TransportMessage } from './transport-message.js';
import type { Consumer, MessageHandler, SubscriptionOptions } from './subscription.js';

/** What a transport can do; printed at boot and checked by whoever needs more. */
export interface TransportCapabilities {
  /** Short name for logs: `memory`, `redis`, `nats`. */
  readonly name: string;
  /** It reaches other OS processes. */
  readonly distributed: boolean;
  /** What was published with QoS 1 or 2 survives `kill -9` of every node. */
  readonly durable: boolean;
  /** The qualities it can give; any other is refused with an {@link UnsupportedQoSError}. */
  readonly qos: readonly QoS[];
  /** For how long a message published twice with QoS 2 is recognised by its id. Milliseconds. */
  readonly deduplicationWindow: number;
}

/** Options of {@link Transport.publish}. */
export interface PublishOptions {
  /** Default 1. */
  readonly qos?: QoS;
}

/** Options of {@link Transport.request}. */
export interface RequestOptions {
  /** How long to wait for the reply. Milliseconds. Default 30,000. */
  readonly timeout?: number;
  readonly signal?: AbortSignal;
}

/**
 * Answers a request. The layer above catches what its handlers throw and answers with the error encoded; one that rejects
 * all the same fails at the caller with a {@link RequestFailedError} at once, not after the time-out.
 */
export type RequestHandler = (request: IncomingMessage, signal: AbortSignal) => Promise<Reply>;

/** A subject that this node answers. */
export interface Responder {
  readonly subject: string;
  /** Takes no more requests, waits for those under way, then ends. */
  stop(): Promise<void>;
}

/**
 * The one port to other nodes: messages that are published to whoever has subscribed, and requests that one node
 * answers. Routing, inbox, remote handlers and replays are written on it once; a provider implements it and passes the
 * conformance suite of `@catga/testing`.
 *
 * What each quality promises:
 *
 * | QoS | a message is handled | `publish` resolves when | lost when |
 * | --- | --- | --- | --- |
 * | 0 | at most once, never twice | it was handed to the connection | nobody listens, a node or the connection dies |
 * | 1 | at least once, until it succeeds or is a dead letter | the broker has stored it | the broker loses its data |
 * | 2 | as 1; in addition a message published twice with one id within the window is stored once, and the layer above keeps an inbox | as 1 | as 1 |
 *
 * A subscription and a message may differ in quality: what was published with QoS 0 never reaches a subscription of
 * QoS 1 or 2, and the other way round. Keep one quality for one subject. Two messages with one id on different subjects are different messages.
 *
 * Errors: {@link TransportUnavailableError} while the broker is away, {@link MessageTooLargeError},
 * {@link UnsupportedQoSError}, {@link InvalidSubjectError}.
 */
export abstract class Transport {
  abstract readonly capabilities: TransportCapabilities;

  /** Messages that were given up on. */
  abstract readonly deadLetters: MessageDeadLetters;

  /**
   * Publishes messages, in this order for messages of one key. When it rejects, some may have been stored: publishing
   * all of them again with the same ids is safe with QoS 2, and may double some with QoS 1.
   */
  abstract publish(messages: readonly TransportMessage[], options?: PublishOptions): Promise<void>;

  /**
   * Takes part in a subscription: its members on all nodes share its messages, each goes to one of them. With QoS 1 and 2
   * it is durable: it collects messages also while no member is there, from the first time on that it was made.
   *
   * The handler acknowledges by resolving; a message whose handler rejects is tried again after the back-off, by this
   * or another member, until it is a dead letter. An {@link UnprocessableMessageError} makes it one at once.
   */
  abstract subscribe(options: SubscriptionOptions, handler: MessageHandler): Promise<Consumer>;

  /**
   * Forgets a durable subscription with what waits in it; its dead letters stay. For subscriptions that no application
   * has any more: as long as they exist, brokers keep messages for them.
   */
  abstract removeSubscription(name: string): Promise<void>;

  /**
   * Sends a request to one of the nodes that answer its subject.
   *
   * @throws {NoResponderError} at once, when nobody answers this subject
   * @throws {RequestTimeoutError} no reply in time; whether it was handled is unknown
   */
  abstract request(message: TransportMessage, options?: RequestOptions): Promise<Reply>;

  /** Answers requests; the nodes that answer one subject share its requests. */
  abstract respond(subject: string, handler: RequestHandler): Promise<Responder>;

  /** Throws {@link TransportUnavailableError} when publishing would fail now. For health checks. */
  abstract ping(): Promise<void>;

  /** Settings of the broker that may lose messages; each says what to set. Known after `open`. */
  warnings?(): readonly TransportWarning[];

  /**
   * Calls the listener when the connection is lost and when it is back; returns the way to stop it. Left out by transports
   * without a connection.
   */
  onStatus?(listener: (status: TransportStatus) => void): () => void;

  /** Connects. Called once by Nest before anything uses the transport; also after `close`. */
  abstract open(): Promise<void>;

  /** Stops every subscription and responder, waits for handlers under way, then disconnects. */
  abstract close(): Promise<void>;
}

/** How the connection of a transport is. A lost one comes back by itself. */
export type TransportStatus = 'connected' | 'disconnected';

/** A setting of the broker, or something it lacks, that may lose messages. */
export interface TransportWarning {
  /** Stable, e.g. `CATGA_REDIS_EVICTION`. */
  readonly code: string;
  /** What is set, what may happen, what to set instead. */
  readonly message: string;
}
