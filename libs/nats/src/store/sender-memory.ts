import type { MessageHead } from './wire/log-message.js';

/** How long numbers are remembered, by the store's clock; an older message is not applied at all. Milliseconds. */
export const SENDER_WINDOW = 600_000;

/** A sender has far fewer messages under way; without a limit one that was forgotten would seem to have missed all. */
const MOST_IN_FLIGHT = 1_000;

interface Sender {
  /** Highest number seen. */
  high: number;
  /** Lower numbers that were not seen, with the time at which they were passed over. */
  readonly missing: Map<number, number>;
  lastAt: number;
}

/** What may happen to a message that arrives. */
export type Arrival = 'new' | 'repeated' | 'too-old';

/**
 * Which messages were applied, so that one that was sent twice is applied once. Part of the state: every node knows the
 * same. A sender may send again for a few seconds only, and a message is refused once it is older than the memory reaches.
 */
export class SenderMemory {
  private readonly senders = new Map<string, Sender>();
  private nextSweep = 0;

  /** Decides about a message and remembers it. @param now milliseconds since 1970 */
  arrived({ node, number, sentAt }: MessageHead, now: number): Arrival {
    if (now >= this.nextSweep) this.sweep(now);
    if (now - sentAt >= SENDER_WINDOW) return 'too-old';
    let sender = this.senders.get(node);
    if (sender === undefined) {
      sender = { high: 0, missing: new Map(), lastAt: now };
      this.senders.set(node, sender);
    }
    sender.lastAt = now;
    if (number <= sender.high) return sender.missing.delete(number) ? 'new' : 'repeated';
    const first = Math.max(sender.high + 1, number - MOST_IN_FLIGHT);
    for (let skipped = first; skipped < number; skipped++) sender.missing.set(skipped, now);
    sender.high = number;
    return 'new';
  }

  /**
   * Whether a message is certain not to have arrived yet. False: it has, or it is so old that nobody remembers.
   *
   * @param now milliseconds since 1970
   */
  isAwaited({ node, number, sentAt }: MessageHead, now: number): boolean {
    if (now - sentAt >= SENDER_WINDOW) return false;
    const sender = this.senders.get(node);
    return sender === undefined || number > sender.high || sender.missing.has(number);
  }

  private sweep(now: number): void {
    this.nextSweep = now + SENDER_WINDOW / 10;
    for (const [node, { lastAt, missing }] of this.senders) {
      // Whoever was passed over was sent before he was passed over, and is too old from here on.
      for (const [number, at] of missing) if (now - at >= SENDER_WINDOW) missing.delete(number);
      if (now - lastAt >= SENDER_WINDOW) this.senders.delete(node);
    }
  }

  /** For a snapshot. */
  dump(): readonly SenderDump[] {
    return [...this.senders].map(([node, { high, missing, lastAt }]) => [node, high, lastAt, [...missing]] as const);
  }

  /** From a snapshot. */
  load(senders: readonly SenderDump[]): void {
    for (const [node, high, lastAt, missing] of senders) {
      this.senders.set(node, { high, lastAt, missing: new Map(missing) });
    }
  }
}

/** Node, highest number, last seen, numbers missing below. */
export type SenderDump = readonly [string, number, number, readonly (readonly [number, number])[]];
