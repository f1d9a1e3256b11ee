import { assertSubscriptionName, describeHandlerError } from '@catga/core';
import type {
  IncomingMessage,
  MessageDeadLetter,
  MessageDeadLetterPage,
  MessageDeadLetterQuery,
  MessageDeadLetters,
} from '@catga/core';
import { headers } from '@nats-io/transport-node';
import type { PublishAcks } from '../connection/index.js';
import { decodeMessage, encodeMessage, splitEnvelope, type LetterError } from './envelope.js';
import type { JetStreamApi, StoredMessage } from './jetstream-api.js';
import type { Names } from './names.js';
import { partitionOf } from './partition-of.js';

/** Digits of a letter's id, so that ids sort as their numbers do. */
const DIGITS = 16;
const DEFAULT_LIMIT = 100;
const LONGEST_MESSAGE = 1_000;
const LONGEST_STACK = 3_000;

/** Bytes that a dead letter may need beside its message. A message that is published leaves room for it. */
export const LETTER_RESERVE = 8_192;

/** Dead letters in a stream of their own, one subject a subscription. The id of a letter is its number there. */
export class NatsDeadLetters implements MessageDeadLetters {
  constructor(
    private readonly api: JetStreamApi,
    private readonly acks: PublishAcks,
    private readonly names: Names,
    private readonly partitions: number,
  ) {}

  /** Resolves when the letter is safe; kept twice with one token it is one letter. */
  async keep(subscription: string, message: IncomingMessage, error: unknown, token: string): Promise<void> {
    const { attempt, publishedAt } = message;
    const letter = { s: message.subject, t: publishedAt, a: attempt, e: describe(error) };
    const once = headers();
    once.set('Nats-Msg-Id', token);
    await this.acks.publish(this.names.deadLetter(subscription), encodeMessage(message, letter), { headers: once });
  }

  async list({ subscription, limit = DEFAULT_LIMIT, cursor }: MessageDeadLetterQuery): Promise<MessageDeadLetterPage> {
    assertSubscriptionName(subscription);
    const letters: MessageDeadLetter[] = [];
    let from = cursor === undefined ? 1 : Number(cursor) + 1;
    for (;;) {
      const stored = await this.api.nextMessage(this.names.deadLetters, this.names.deadLetter(subscription), from);
      if (stored === undefined) return { letters };
      const last = letters.at(-1);
      if (last !== undefined && letters.length >= limit) return { letters, cursor: last.id };
      letters.push(toLetter(subscription, stored));
      from = stored.sequence + 1;
    }
  }

  async count(subscription: string): Promise<number> {
    assertSubscriptionName(subscription);
    const subject = this.names.deadLetter(subscription);
    const info = await this.api.streamInfo(this.names.deadLetters, subject);
    return info?.state.subjects?.[subject] ?? 0;
  }

  async replay(subscription: string, ids: readonly string[]): Promise<number> {
    return this.each(subscription, ids, async (letter) => {
      const { message, publishedAt } = toLetter(subscription, letter);
      const subject =
        message.key === undefined
          ? this.names.again(subscription)
          : this.names.keyedAgain(subscription, partitionOf(message.key, this.partitions));
      const once = headers();
      // The id of the letter, not of the message, which the stream may still remember.
      once.set('Nats-Msg-Id', `replay ${letter.sequence}`);
      await this.acks.publish(subject, encodeMessage(message, { s: message.subject, t: publishedAt }), {
        headers: once,
      });
      return this.api.deleteMessage(this.names.deadLetters, letter.sequence);
    });
  }

  async remove(subscription: string, ids: readonly string[]): Promise<number> {
    return this.each(subscription, ids, (letter) => this.api.deleteMessage(this.names.deadLetters, letter.sequence));
  }

  private async each(
    subscription: string,
    ids: readonly string[],
    act: (letter: StoredMessage) => Promise<boolean>,
  ): Promise<number> {
    assertSubscriptionName(subscription);
    let count = 0;
    for (const id of new Set(ids)) {
      const sequence = Number(id);
      if (!Number.isSafeInteger(sequence) || sequence < 1) continue;
      const letter = await this.api.messageAt(this.names.deadLetters, sequence);
      if (letter?.subject !== this.names.deadLetter(subscription)) continue;
      if (await act(letter)) count++;
    }
    return count;
  }
}

function toLetter(subscription: string, stored: StoredMessage): MessageDeadLetter {
  const { attempt, publishedAt, ...message } = decodeMessage(stored.data, '', stored.storedAt, '');
  return {
    id: String(stored.sequence).padStart(DIGITS, '0'),
    subscription,
    message,
    error: splitEnvelope(stored.data)?.e ?? { name: 'Error', message: 'unknown' },
    attempts: attempt,
    publishedAt,
    deadAt: stored.storedAt,
  };
}

/** Cut to what {@link LETTER_RESERVE} has room for: a letter that cannot be kept would block its message for ever. */
function describe(error: unknown): LetterError {
  const { name, message, code, stack } = describeHandlerError(error);
  return {
    name: name.slice(0, 200),
    message: message.slice(0, LONGEST_MESSAGE),
    ...(code !== undefined && { code: code.slice(0, 200) }),
    ...(stack !== undefined && { stack: stack.slice(0, LONGEST_STACK) }),
  };
}
