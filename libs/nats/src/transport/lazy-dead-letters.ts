import type { MessageDeadLetterPage, MessageDeadLetterQuery, MessageDeadLetters } from '@catga/core';
import { translated } from './errors.js';

/** Dead letters of a transport that is opened later, closed, and opened again. */
export class LazyDeadLetters implements MessageDeadLetters {
  /** @param letters throws while the transport is closed */
  constructor(private readonly letters: () => MessageDeadLetters) {}

  list(query: MessageDeadLetterQuery): Promise<MessageDeadLetterPage> {
    return translated(async () => this.letters().list(query));
  }

  count(subscription: string): Promise<number> {
    return translated(async () => this.letters().count(subscription));
  }

  replay(subscription: string, ids: readonly string[]): Promise<number> {
    return translated(async () => this.letters().replay(subscription, ids));
  }

  remove(subscription: string, ids: readonly string[]): Promise<number> {
    return translated(async () => this.letters().remove(subscription, ids));
  }
}
