/** What a node says in the log about snapshots. */
export type SnapshotNote =
  /** This node is going to make one; the others need not. */
  | { readonly claim: string }
  /** One is complete: the state after the message of this sequence. */
  | { readonly done: number };

/** For how long a claim keeps others from making a snapshot, by the store's clock. Milliseconds. */
const CLAIM = 300_000;

/** What everybody knows of snapshots. Part of the state. */
export class SnapshotBook {
  /** Messages and their bytes since somebody last claimed. */
  messages = 0;
  bytes = 0;
  /** Sequences of the last two snapshots, the older one first. What comes after the older one must stay in the log. */
  done: readonly number[] = [];
  private claimed: { readonly node: string; readonly at: number } | undefined;

  /** A message was applied. */
  count(bytes: number): void {
    this.messages++;
    this.bytes += bytes;
  }

  /** Whether this node may make a snapshot. @param now milliseconds since 1970 */
  isClaimedBy(node: string, now: number): boolean {
    return this.claimed !== undefined && this.claimed.node === node && now - this.claimed.at < CLAIM;
  }

  /** Whether anybody is making one. @param now milliseconds since 1970 */
  isClaimed(now: number): boolean {
    return this.claimed !== undefined && now - this.claimed.at < CLAIM;
  }

  note(note: SnapshotNote, now: number): void {
    if ('done' in note) {
      // A node that stood still over its claim may come last with what is older than all that others made since.
      if (note.done <= (this.done.at(-1) ?? 0)) return;
      this.done = [...this.done, note.done].slice(-2);
      this.claimed = undefined;
    } else if (!this.isClaimed(now)) {
      this.claimed = { node: note.claim, at: now };
      this.messages = 0;
      this.bytes = 0;
    }
  }

  dump(): SnapshotBookDump {
    const { messages, bytes, done, claimed } = this;
    return { messages, bytes, done, ...(claimed !== undefined && { claimed }) };
  }

  load({ messages, bytes, done, claimed }: SnapshotBookDump): void {
    Object.assign(this, { messages, bytes, done, claimed });
  }
}

/** All that {@link SnapshotBook} knows. */
export interface SnapshotBookDump {
  readonly messages: number;
  readonly bytes: number;
  readonly done: readonly number[];
  readonly claimed?: { readonly node: string; readonly at: number };
}
