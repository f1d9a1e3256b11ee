import { JetStreamError, type NatsLink } from '../../connection/index.js';
import type { LogStream } from '../log-stream.js';
import type { SequenceSet } from './sequence-set.js';

/** Messages that are removed at the same time. */
const AT_ONCE = 16;

/**
 * Removes messages from the log up to and including `end` that are not live. Every node that starts does so from a snapshot
 * behind them. Returns how many were asked to go.
 *
 * @param stopped asked from time to time; the rest is left for the next time
 */
export async function compactLog(
  { link, log }: { readonly link: NatsLink; readonly log: LogStream },
  end: number,
  live: SequenceSet,
  stopped: () => boolean,
): Promise<number> {
  const { state } = await log.details();
  let next = state.first_seq;
  while (next <= end && !live.has(next)) next++;
  const purged = next - state.first_seq;
  // One request for all that nobody needs at the beginning. Never with sequence 1: servers of 2.9 would remove everything.
  if (purged > 0) await link.jetStream(`STREAM.PURGE.${log.stream}`, { seq: next }, 30_000);
  let removed = purged;
  const work = async (): Promise<void> => {
    while (next <= end && !stopped()) {
      const sequence = next++;
      if (live.has(sequence)) continue;
      if (await remove(link, log.stream, sequence)) removed++;
    }
  };
  // Those that went before are asked for again: JetStream's list of them may be too long for a message.
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return removed;
}

async function remove(link: NatsLink, stream: string, sequence: number): Promise<boolean> {
  try {
    await link.jetStream(`STREAM.MSG.DELETE.${stream}`, { seq: sequence, no_erase: true });
    return true;
  } catch (error) {
    if (error instanceof JetStreamError) return false; // it is gone already
    throw error;
  }
}
