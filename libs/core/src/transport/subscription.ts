import type { Duration } from '../foundation/index.js';
import type { IncomingMessage, QoS } from './transport-message.js';

/** How a subscription works. Its members should all say the same; the one that came last wins. */
export interface SubscriptionOptions {
  /** The same on every node that shares its messages: letters, digits, `_` and `-`. */
  readonly name: string;
  /** Exact subjects, at least one. */
  readonly subjects: readonly string[];
  /** Default 1. With 0 nothing is kept, nothing is tried again and nothing becomes a dead letter. */
  readonly qos?: QoS;
  /** Most messages that this member handles at once; no more are fetched than it can soon handle. Default 16. */
  readonly concurrency?: number;
  /** How often a message is tried before it becomes a dead letter. Default 5. */
  readonly maxAttempts?: number;
  /** Wait before the next attempt, given the number of the one that failed. Default 1 s, doubled each time, at most 1 min. */
  readonly backoff?: (attempt: number) => number;
  /**
   * A message of a member that has been silent for this long goes to another one. Members report while their handlers
   * run, so handlers may take longer. Default `'30s'`.
   */
  readonly ackTimeout?: Duration;
  /** Where a durable subscription begins the first time: with what comes from now on, or with all there is. Default `new`. */
  readonly startFrom?: 'new' | 'oldest';
}

/**
 * Handles one message; resolving acknowledges it. The signal is aborted when the message was given to another member
 * (this one seemed dead) or the transport closes and does not wait any longer.
 */
export type MessageHandler = (message: IncomingMessage, signal: AbortSignal) => Promise<void> | void;

/** What a member of a subscription has done, since it began. */
export interface ConsumerStatus {
  readonly name: string;
  readonly qos: QoS;
  readonly state: 'running' | 'paused' | 'stopped' | 'disconnected';
  /** Handlers under way on this node. */
  readonly running: number;
  readonly handled: number;
  readonly failed: number;
  readonly deadLettered: number;
  /** Messages that wait in the broker for any member; undefined where it is unknown (QoS 0, or disconnected). */
  readonly waiting?: number | undefined;
}

/** One node's part in a subscription. */
export interface Consumer {
  readonly name: string;
  /** Fetches nothing more until `resume`; handlers under way go on. */
  pause(): void;
  resume(): void;
  status(): Promise<ConsumerStatus>;
  /**
   * Fetches nothing more, waits for handlers under way and their acknowledgements, gives back what was fetched and not
   * begun, then leaves. Messages that come later go to the other members, or wait.
   */
  stop(): Promise<void>;
}
