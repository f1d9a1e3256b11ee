import type { CommitResult } from '../store.js';

/** Ids that are kept before the older half is forgotten. */
const MOST = 100_000;

/** What commits with an id were answered. Half of it is forgotten at a time, which needs no order of single entries. */
export class CommitMemory {
  private young = new Map<string, CommitResult>();
  private old = new Map<string, CommitResult>();

  find(id: string): CommitResult | undefined {
    return this.young.get(id) ?? this.old.get(id);
  }

  add(id: string, answer: CommitResult): void {
    this.young.set(id, answer);
    if (this.young.size < MOST / 2) return;
    this.old = this.young;
    this.young = new Map();
  }
}
