import {
  assertSubscriptionName,
  type MessageDeadLetter,
  type MessageDeadLetterPage,
  type MessageDeadLetterQuery,
  type MessageDeadLetters,
} from '@catga/core';
import type { RedisArgument } from '../connection/index.js';
import { fieldsOf, type Entry } from './delivery.js';
import { decodeMessage } from './message-format.js';
import { SCRIPTS, type Script } from './scripts/index.js';

const DEFAULT_PAGE = 100;
/** Most letters of one call. */
const PORTION = 200;

/** How to reach the server; errors are in the words of the port. */
export interface DeadLetterLink {
  call(command: string, args: RedisArgument[]): Promise<unknown>;
  run(script: Script, args: RedisArgument[]): Promise<unknown>;
  key(name: string): string;
}

/** Dead letters as entries of a stream for each subscription. */
export class RedisDeadLetters implements MessageDeadLetters {
  constructor(private readonly link: DeadLetterLink) {}

  async list({ subscription, limit = DEFAULT_PAGE, cursor }: MessageDeadLetterQuery): Promise<MessageDeadLetterPage> {
    const after = cursor === undefined ? undefined : toEntryId(cursor);
    const from = after === undefined ? '-' : `(${after}`;
    const entries = (await this.link.call('XRANGE', [
      this.key(subscription),
      from,
      '+',
      'COUNT',
      limit + 1,
    ])) as Entry[];
    const letters = entries.slice(0, limit).map((entry) => toLetter(subscription, entry));
    const last = letters.at(-1);
    return entries.length > limit && last !== undefined ? { letters, cursor: last.id } : { letters };
  }

  async count(subscription: string): Promise<number> {
    return Number(await this.link.call('XLEN', [this.key(subscription)]));
  }

  async replay(subscription: string, ids: readonly string[]): Promise<number> {
    return this.each(subscription, ids, async (portion) =>
      Number(await this.link.run(SCRIPTS.replay, [subscription, ...portion])),
    );
  }

  async remove(subscription: string, ids: readonly string[]): Promise<number> {
    const key = this.key(subscription);
    return this.each(subscription, ids, async (portion) => Number(await this.link.call('XDEL', [key, ...portion])));
  }

  private key(subscription: string): string {
    assertSubscriptionName(subscription);
    return this.link.key(`dead:${subscription}`);
  }

  private async each(
    subscription: string,
    ids: readonly string[],
    act: (portion: string[]) => Promise<number>,
  ): Promise<number> {
    assertSubscriptionName(subscription);
    const known = ids.map(toEntryId).filter((id) => id !== undefined);
    let count = 0;
    for (let at = 0; at < known.length; at += PORTION) count += await act(known.slice(at, at + PORTION));
    return count;
  }
}

/** The number within the millisecond gets leading zeros, so that ids sort as texts. */
function toLetterId(entryId: string): string {
  const [time = '', number = ''] = entryId.split('-');
  return `${time}-${number.padStart(6, '0')}`;
}

/** Undefined for what never was the id of a letter. */
function toEntryId(letterId: string): string | undefined {
  const parts = /^(\d{1,15})-(\d{1,15})$/.exec(letterId);
  return parts === null ? undefined : `${parts[1]}-${Number(parts[2])}`;
}

function toLetter(subscription: string, [id, raw]: Entry): MessageDeadLetter {
  const entryId = id.toString();
  const fields = fieldsOf(raw);
  return {
    id: toLetterId(entryId),
    subscription,
    message: decodeMessage(fields.get('h')!, fields.get('b')!),
    error: JSON.parse(fields.get('e')!.toString()) as MessageDeadLetter['error'],
    attempts: Number(fields.get('a')),
    publishedAt: Number(fields.get('t')),
    deadAt: Number(entryId.slice(0, entryId.indexOf('-'))),
  };
}
