import type { CommitBatch, CommitResult } from '@catga/core';
import { SqliteStore } from '@catga/sqlite';

/** Counts the durable writes that processes wait for; renewals of the node's lease append nothing and are left out. */
export class CountingStore extends SqliteStore {
  commits = 0;

  override commit(batch: CommitBatch): Promise<CommitResult> {
    if (batch.appends !== undefined) this.commits++;
    return super.commit(batch);
  }
}
