import type { Duration, MaybePromise } from '../../foundation/index.js';
import type { RecordedEvent, UnknownEventPolicy } from '../events/index.js';
import type { EventSelection } from './event-log.types.js';

/** Options of {@link EventLog.subscribe}. */
export interface SubscribeOptions extends EventSelection {
  /** For messages. Default `a subscription`. */
  readonly name?: string | undefined;
  /**
   * Where to begin: after this position, with the first event (`start`), or with what is appended from now on (`end`).
   * Default `start`.
   */
  readonly after?: number | 'start' | 'end' | undefined;
  /** Most events that the handler gets at once. Default 500. */
  readonly batchSize?: number | undefined;
  /** What to do with events whose type this program does not know. Default `throw`: the subscription ends. */
  readonly unknown?: UnknownEventPolicy | undefined;
  /** Longest wait between tries while the store is away; the first is 50 ms. Default 5 s. */
  readonly retryDelay?: Duration | undefined;
  /** Told why the subscription has ended, when it was not stopped. Default: a warning of the process. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/**
 * Gets the events of a subscription in the order of the log, never two batches at a time: the next is not handed out
 * before this one is done. A rejection ends the subscription.
 *
 * @param position everything that was asked for up to this position has been given when the handler is done with the
 * batch: store it as the checkpoint
 */
export type SubscriptionHandler<E extends object = object> = (
  events: readonly RecordedEvent<E>[],
  position: number,
) => MaybePromise<void>;

/** A reader that follows the log. */
export interface Subscription {
  /**
   * Everything up to this position was handled. Grows also when nothing that was asked for is appended. Before the
   * first read it is where the subscription began; with `after: 'end'`, 0.
   */
  readonly position: number;
  /** True while it has handled everything there was at its last look. */
  readonly live: boolean;
  /** Fulfilled when it has stopped, rejected when it ended for another reason. Need not be handled. */
  readonly closed: Promise<void>;
  /** Stops after the batch under way; fulfilled when that is done. */
  stop(): Promise<void>;
  /**
   * Fulfilled when everything that the log holds now has been handled.
   *
   * @throws {SubscriptionEndedError}
   */
  caughtUp(): Promise<void>;
  /**
   * Fulfilled when everything up to this position has been handled: give it the position of an append to read your
   * own writes.
   *
   * @param timeout how long to wait at most. Default: as long as it takes
   * @throws {SubscriptionEndedError} @throws {SubscriptionTimeoutError}
   */
  waitFor(position: number, timeout?: Duration): Promise<void>;
}
