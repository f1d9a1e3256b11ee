import type { ExpectedVersion } from '@catga/core';
import type { HistoryAppend, HistoryClient } from './history-client.js';

/** Options of {@link historyWorkload}. */
export interface HistoryWorkloadOptions {
  /** How many calls to make. Default 100. */
  readonly operations?: number;
  /** Streams that all clients share; few of them, so that they meet. Default four. */
  readonly streams?: readonly string[];
  /** Numbers from 0 up to 1. Default `Math.random`; give a seeded one to make the same choices again. */
  readonly random?: () => number;
  /** How often an append whose outcome is unknown is tried again with its idempotency id. Default 0. */
  readonly retries?: number;
  /** Ends early when it says so. */
  readonly stopped?: () => boolean;
}

const EXPECTED = ['any', 'any', 'known', 'known', 'known', 'no-stream', 'stream-exists'] as const;

/**
 * Lets a client append to and read from a few streams at random: commits to one and to several streams, of one event and
 * of more, with every kind of expected version, some of them out of date, under append conditions where the store knows
 * them, and reads of streams and of the log. Run many of them side by side.
 */
export async function historyWorkload(
  client: HistoryClient,
  {
    operations = 100,
    streams = ['history-a', 'history-b', 'history-c', 'other-d'],
    random = Math.random,
    retries = 0,
    stopped = () => false,
  }: HistoryWorkloadOptions = {},
): Promise<void> {
  const known = new Map<string, number>();
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  let position = 0;
  let decidedAt = 0;

  const expected = (stream: string): ExpectedVersion => {
    const kind = pick(EXPECTED);
    return kind === 'known' ? (known.get(stream) ?? 0) : kind;
  };
  const append = async (): Promise<void> => {
    const chosen = random() < 0.3 ? [...new Set([pick(streams), pick(streams)])] : [pick(streams)];
    const appends: HistoryAppend[] = chosen.map((stream) => ({
      stream,
      expectedVersion: expected(stream),
      events: 1 + Math.floor(random() * 3),
      type: pick(['happened', 'changed']),
    }));
    const answer = await client.append(appends, { retries });
    for (const [index, stream] of chosen.entries()) if (answer) known.set(stream, answer.versions[index] as number);
  };
  // "If nobody has changed anything since I looked": some of the time somebody has.
  const decide = async (): Promise<void> => {
    const query = { types: ['changed'], categories: ['history'] };
    if (random() < 0.7) {
      const events = await client.readAll({ after: decidedAt, query });
      decidedAt = events?.at(-1)?.position ?? decidedAt;
    }
    const append = { stream: pick(streams), expectedVersion: 'any', events: 1, type: 'changed' } as const;
    await client.append([append], { retries, conditions: [{ query, after: decidedAt }] });
  };
  const readStream = async (): Promise<void> => {
    const stream = pick(streams);
    const from = random() < 0.2 ? 1 : Math.max(1, (known.get(stream) ?? 0) - 5);
    const events = await client.readStream(stream, { from, ...(random() < 0.3 && { limit: 3 }) });
    if (events !== undefined) known.set(stream, events.at(-1)?.version ?? known.get(stream) ?? 0);
  };
  const readAll = async (): Promise<void> => {
    const query = random() < 0.3 ? { query: { types: ['changed'] } } : {};
    const events = await client.readAll({ after: position, limit: random() < 0.5 ? 7 : 200, ...query });
    position = random() < 0.1 ? 0 : (events?.at(-1)?.position ?? position);
  };
  for (let count = 0; count < operations && !stopped(); count++) {
    const choice = random();
    if (choice < 0.15 && client.hasConditions) await decide();
    else if (choice < 0.6) await append();
    else if (choice < 0.8) await readStream();
    else await readAll();
  }
}
