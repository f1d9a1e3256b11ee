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

  /** For a snapshot. */
  dump(): CommitIdsDump {
    return { young: [...this.young], old: [...this.old], youngSince: this.youngSince };
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
  readonly young: readonly (readonly [string, CommitResult])[];
  readonly old: readonly (readonly [string, CommitResult])[];
  readonly youngSince: number;
}
