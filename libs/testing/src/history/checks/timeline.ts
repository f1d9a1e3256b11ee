import type { HistoryEntry } from '../history.js';
import { countUpTo, type FinalLog } from './final-log.js';
import type { Operations } from './operations.js';

interface Known {
  readonly at: number;
  /** Everything up to this position was there at that time. */
  position: number;
}

/**
 * What can be proved about the log at a time, from calls and answers alone: it had reached at least the {@link floor},
 * and had not got past the {@link ceiling}. What lies between was under way.
 */
export class Timeline {
  private readonly floors = new Map<string | undefined, Known[]>();
  private readonly ceilings: Known[] = [];
  private readonly boundaries: { readonly position: number }[];

  /**
   * @param realTime whether what one client was told binds all of them, or only itself
   */
  constructor(
    log: FinalLog,
    { commits, reads }: Operations,
    history: readonly HistoryEntry[],
    private readonly realTime: boolean,
  ) {
    for (const { kept, start, end, client } of commits) {
      if (kept.length === 0) continue;
      const positions = kept.map(({ position }) => position);
      this.ceilings.push({ at: start, position: Math.min(...positions) - 1 });
      if (end !== Number.POSITIVE_INFINITY) this.know(client, end, Math.max(...positions));
    }
    for (const { client, end, answer } of reads) {
      for (const { id } of answer.events) this.know(client, end, log.byId.get(id)?.position ?? 0);
    }
    // A subscription is no client: what it was given binds everybody, or nobody.
    if (realTime) this.knowDeliveries(history, log);
    for (const floors of this.floors.values()) prefixMaximum(floors);
    suffixMinimum(this.ceilings);
    const ends = commits.map(({ kept }) => kept.at(-1)?.position ?? 0);
    this.boundaries = [...new Set([0, ...ends])].sort((a, b) => a - b).map((position) => ({ position }));
  }

  /** Position that the log had surely reached for this client before that time. */
  floor(time: number, client: string): number {
    const floors = this.floors.get(this.realTime ? undefined : client) ?? [];
    return floors[firstNotBefore(floors, time) - 1]?.position ?? 0;
  }

  /** Position that the log had surely not got past at that time: what comes behind it was asked for later. */
  ceiling(time: number): number {
    let index = firstNotBefore(this.ceilings, time);
    while (this.ceilings[index]?.at === time) index++;
    return this.ceilings[index]?.position ?? Number.POSITIVE_INFINITY;
  }

  /** Whether some commit ends at one of these positions, so that the log may have ended there. */
  hasBoundary(from: number, to: number): boolean {
    return countUpTo(this.boundaries, to) > countUpTo(this.boundaries, from - 1);
  }

  private know(client: string, at: number, position: number): void {
    const key = this.realTime ? undefined : client;
    const floors = this.floors.get(key) ?? [];
    floors.push({ at, position });
    this.floors.set(key, floors);
  }

  private knowDeliveries(history: readonly HistoryEntry[], log: FinalLog): void {
    for (const entry of history) {
      if (entry.entry !== 'subscription' || entry.did !== 'deliver') continue;
      for (const { id } of entry.events) this.know('', entry.at, log.byId.get(id)?.position ?? 0);
    }
  }
}

/** Index of the first whose time is not before this one. */
function firstNotBefore(sorted: readonly Known[], time: number): number {
  let low = 0;
  for (let high = sorted.length; low < high;) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as Known).at < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

function prefixMaximum(list: Known[]): void {
  list.sort((a, b) => a.at - b.at);
  let most = 0;
  for (const known of list) known.position = most = Math.max(most, known.position);
}

function suffixMinimum(list: Known[]): void {
  list.sort((a, b) => a.at - b.at);
  let least = Number.POSITIVE_INFINITY;
  for (const known of list.reverse()) known.position = least = Math.min(least, known.position);
  list.reverse();
}
