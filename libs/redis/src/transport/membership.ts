import { setMaxListeners } from 'node:events';
import type { Link } from './link.js';
import type { Source } from './delivery.js';
import { SCRIPTS } from './scripts/index.js';
import { Settlements } from './settlements.js';

/** A partition that this member owns. */
export interface Partition {
  /** Id of the last entry read; '' before the first. */
  cursor: string;
  /** Up to which id a dead owner had read; '' for none. */
  readonly suspect: string;
  /** It is given away as soon as nothing of it runs. */
  isLeaving: boolean;
}

/** What the server said to a member that reported. */
export type TendAnswer =
  | { readonly status: 'removed' }
  | { readonly status: 'expired' }
  | {
      readonly status: 'ok';
      /** Milliseconds until a message is due whose back-off is over; undefined when there is none. */
      readonly due: number | undefined;
      /** Partitions that are not this member's any more. */
      readonly lost: readonly Source[];
    };

/**
 * One life of a member: from joining until it leaves or is taken for dead. A member that was taken for dead comes back as
 * another one, so that nothing it says late is mistaken for what its successor says.
 */
export class Membership {
  readonly partitions = new Map<Source, Partition>();
  readonly settlements: Settlements;
  /** Aborted when others may have got this member's messages. */
  readonly abort = new AbortController();
  /** Whether there are partitions to give away. */
  hasLeaving = false;
  private leaseEnd = 0;
  private hasJoined = false;

  /** @param ttl milliseconds of silence after which it is taken for dead */
  constructor(
    private readonly link: Link,
    private readonly subscription: string,
    readonly id: string,
    private readonly ttl: number,
  ) {
    this.settlements = new Settlements(link, subscription, id);
    // All handlers share it: Node would warn of a leak at the eleventh that listens.
    setMaxListeners(0, this.abort.signal);
  }

  /**
   * Nothing may be begun after the end of the lease: others may have taken this member's messages. Measured from before
   * the report was sent, by a clock that goes on while the process is frozen.
   */
  get isSafe(): boolean {
    return performance.now() < this.leaseEnd;
  }

  async tend(isPaused: boolean): Promise<TendAnswer> {
    const sentAt = performance.now();
    const args = [
      this.subscription,
      this.id,
      this.ttl,
      this.hasJoined ? 'stay' : 'join',
      isPaused ? 'paused' : 'running',
    ];
    const answer = (await this.link.run(SCRIPTS.tend, args)) as [Buffer, number, (number | Buffer)[], number[]];
    const status = answer[0].toString() as TendAnswer['status'];
    if (status !== 'ok') return { status };
    this.hasJoined = true;
    this.leaseEnd = sentAt + this.ttl;
    return { status, due: answer[1] < 0 ? undefined : answer[1], lost: this.learn(answer[2], answer[3]) };
  }

  /** Partitions to read from, the one that was read last at the end. */
  readable(): [Source, Partition][] {
    return [...this.partitions].filter(([, { isLeaving }]) => !isLeaving);
  }

  /** Gives partitions away; what was handled of them is known to the server before. */
  async release(partitions: readonly Source[]): Promise<void> {
    for (const partition of partitions) this.partitions.delete(partition);
    if (partitions.length > 0) await this.link.run(SCRIPTS.release, [this.subscription, this.id, ...partitions]);
  }

  /** Gives back messages without a key that were not begun; all that is held, and leaves, with `leave`. */
  async giveBack(how: 'stay' | 'leave', ids: readonly string[]): Promise<void> {
    await this.link.run(SCRIPTS.giveBack, [this.subscription, this.id, how, ...ids]);
  }

  /** @param known ids of messages without a key that this member knows it holds */
  async recover(known: readonly string[]): Promise<void> {
    await this.link.run(SCRIPTS.recover, [this.subscription, this.id, ...known]);
  }

  private learn(owned: readonly (number | Buffer)[], away: readonly number[]): Source[] {
    const now = new Map<Source, string>();
    for (let i = 0; i + 1 < owned.length; i += 2) now.set(String(owned[i]), String(owned[i + 1]));
    for (const [partition, suspect] of now) {
      // One that was to be given away and is needed again is read anew: what was fetched of it is dropped already.
      if (this.partitions.get(partition)?.isLeaving !== false) {
        this.partitions.set(partition, { cursor: '', suspect, isLeaving: false });
      }
    }
    const leaving = new Set(away.map(String));
    const lost: Source[] = [];
    for (const [partition, state] of this.partitions) {
      if (now.has(partition)) continue;
      if (!state.isLeaving) lost.push(partition);
      if (leaving.has(partition)) state.isLeaving = true;
      else this.partitions.delete(partition);
    }
    this.hasLeaving = leaving.size > 0;
    return lost;
  }
}
