import { uuidv7 } from '../../ids/index.js';
import type {
  MessageDeadLetter,
  MessageDeadLetterPage,
  MessageDeadLetterQuery,
  MessageDeadLetters,
} from '../dead-letters.js';
import { describeHandlerError } from '../handler-error.js';
import { original, type KeptMessage } from './memory-message.js';

const DEFAULT_PAGE = 100;

interface Kept {
  readonly letter: MessageDeadLetter;
  readonly message: KeptMessage;
}

/** Dead letters of a memory broker. */
export class MemoryDeadLetters implements MessageDeadLetters {
  /** By subscription, then by id; in the order in which they were made. */
  private readonly letters = new Map<string, Map<string, Kept>>();

  /**
   * @param now milliseconds since 1970
   * @param give puts a message into a subscription; false when there is none of that name
   */
  constructor(
    private readonly now: () => number,
    private readonly give: (subscription: string, message: KeptMessage) => boolean,
  ) {}

  add(subscription: string, message: KeptMessage, error: unknown, attempts: number): void {
    const letter: MessageDeadLetter = {
      id: uuidv7(),
      subscription,
      message: original(message),
      error: describeHandlerError(error),
      attempts,
      publishedAt: message.publishedAt,
      deadAt: this.now(),
    };
    const own = this.letters.get(subscription) ?? new Map<string, Kept>();
    own.set(letter.id, { letter, message });
    this.letters.set(subscription, own);
  }

  async list({ subscription, limit = DEFAULT_PAGE, cursor }: MessageDeadLetterQuery): Promise<MessageDeadLetterPage> {
    const all = [...(this.letters.get(subscription)?.values() ?? [])].map(({ letter }) => letter);
    const rest = cursor === undefined ? all : all.filter(({ id }) => id > cursor);
    const letters = rest.slice(0, limit);
    const last = letters.at(-1);
    return rest.length > letters.length && last !== undefined ? { letters, cursor: last.id } : { letters };
  }

  async count(subscription: string): Promise<number> {
    return this.letters.get(subscription)?.size ?? 0;
  }

  async replay(subscription: string, ids: readonly string[]): Promise<number> {
    let replayed = 0;
    const own = this.letters.get(subscription);
    for (const id of ids) {
      const kept = own?.get(id);
      if (kept === undefined || !this.give(subscription, kept.message)) continue;
      own?.delete(id);
      replayed++;
    }
    return replayed;
  }

  async remove(subscription: string, ids: readonly string[]): Promise<number> {
    const own = this.letters.get(subscription);
    return ids.filter((id) => own?.delete(id)).length;
  }
}
