import type { CommitResult } from '@catga/core';

/** How long an id is remembered at least, by the store's clock. Milliseconds. */
const KEPT = 86_400_000;

/** What commits with an id were answered, for a day at least. Forgotten in halves: an id a day needs no order of its own. */
export class CommitIds {
  private young = new Map<string, CommitResult>();
  private old = new Map<string, CommitResult>();
  private youngSince = 0;

  find(id: string): CommitResult | undefined {
    return this.young.get(id) ?? this.old.get(id);
  }

  /** @param now milliseconds since 1970 */
  add(id: string, answer: CommitResult, now: number): void {
    if (now - this.youngSince > KEPT) {
      this.old = this.young;
      this.young = new Map();
      this.youngSince = now;
    }
    this.young.set(id, answer);
  }

  /** For a snapshot: what is there now, whatever is added while it is read. */
  dump(): CommitIdsDump {
    const { young, old, youngSince } = this;
    return { young: first(young, young.size), old: first(old, old.size), youngSince };
  }

  /** From a snapshot; the ids follow. */
  load(youngSince: number): void {
    this.youngSince = youngSince;
  }

  /** From a snapshot. */
  restore(age: 'young' | 'old', id: string, answer: CommitResult): void {
    this[age].set(id, answer);
  }
}

/** All that {@link CommitIds} knows. */
export interface CommitIdsDump {
  readonly young: Iterable<readonly [string, CommitResult]>;
  readonly old: Iterable<readonly [string, CommitResult]>;
  readonly youngSince: number;
}

/** The entries that were added first. No copy: ids are only ever added, and there may be millions. */
function* first(ids: ReadonlyMap<string, CommitResult>, count: number): Iterable<readonly [string, CommitResult]> {
  let left = count;
  if (left > 0)
    for (const entry of ids) {
      yield entry;
      if (--left === 0) return;
    }
}
