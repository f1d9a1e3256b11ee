import type { TransportMessage } from './transport-message.js';

/** A message that a subscription has given up on. */
export interface MessageDeadLetter {
  /** Of this letter; the message keeps its own id. Sorts in the order in which letters were made. */
  readonly id: string;
  readonly subscription: string;
  readonly message: TransportMessage;
  /** Of the last attempt. */
  readonly error: { readonly name: string; readonly message: string; readonly code?: string; readonly stack?: string };
  readonly attempts: number;
  /** When the message was published, and when it was given up on. Milliseconds since 1970. */
  readonly publishedAt: number;
  readonly deadAt: number;
}

/** Which letters to list. */
export interface MessageDeadLetterQuery {
  readonly subscription: string;
  /** Most letters to return. Default 100. */
  readonly limit?: number;
  /** {@link MessageDeadLetterPage.cursor} of the page before. */
  readonly cursor?: string;
}

/** Letters, oldest first. */
export interface MessageDeadLetterPage {
  readonly letters: readonly MessageDeadLetter[];
  /** Give it to the next call to go on; left out on the last page. */
  readonly cursor?: string;
}

/**
 * Messages that subscriptions have given up on, kept by the transport until somebody replays or removes them. A letter
 * and the end of its message in the subscription are one step, or the message comes once more: nothing is lost between.
 */
export interface MessageDeadLetters {
  list(query: MessageDeadLetterQuery): Promise<MessageDeadLetterPage>;
  count(subscription: string): Promise<number>;
  /**
   * Gives letters to their subscription again, and to no other, with a fresh count of attempts. It is not taken for a
   * duplicate, whatever the window of the broker; the inbox of QoS 2 still knows the message by its own id, so a message
   * whose effects were committed has none a second time.
   *
   * @returns how many were there and are gone back
   */
  replay(subscription: string, ids: readonly string[]): Promise<number>;
  /** @returns how many were there */
  remove(subscription: string, ids: readonly string[]): Promise<number>;
}
