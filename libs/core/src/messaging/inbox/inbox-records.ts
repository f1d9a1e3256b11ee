import { RecordConflictError, type RecordWrite, type Store, type StoredRecord } from '../../store/index.js';

/** Collection of the inbox in the store. */
export const INBOX_COLLECTION = 'catga.inbox';

/** Milliseconds after the end of a claim at which it is surely over for every clock of the store. */
const SOON = 5;

/** What the inbox knows about one message in one subscription. */
export type InboxState =
  { readonly status: 'unknown' | 'done' } | { readonly status: 'claimed'; readonly left: number };

/** Messages of QoS 2 as records of the store: claimed while they are handled, done when they were. */
export class InboxRecords {
  constructor(private readonly store: Store) {}

  async read(key: string): Promise<InboxState> {
    const record = await this.store.getRecord(INBOX_COLLECTION, key);
    if (record === undefined) return { status: 'unknown' };
    if (textOf(record) === 'done') return { status: 'done' };
    return { status: 'claimed', left: Math.max(0, (record.expiresAt ?? 0) - (await this.store.now())) };
  }

  /** The version of the record, or undefined when somebody else was first. */
  claim(key: string, lease: number): Promise<number | undefined> {
    return this.write(key, 'claimed', 0, lease);
  }

  /** The new version, or undefined when the claim was lost. */
  renew(key: string, version: number, lease: number): Promise<number | undefined> {
    return this.write(key, 'claimed', version, lease);
  }

  /** Undefined when the claim was lost. */
  complete(key: string, version: number, keepFor: number): Promise<number | undefined> {
    return this.write(key, 'done', version, keepFor);
  }

  /** Forgets a claim, if it still stands. */
  release(key: string, version: number): Promise<number | undefined> {
    return this.commit({ collection: INBOX_COLLECTION, key, ifVersion: version });
  }

  /** What makes a claimed message a handled one, for somebody else's commit. */
  async completion(key: string, version: number, keepFor: number): Promise<RecordWrite> {
    const expiresAt = (await this.store.now()) + keepFor;
    return { collection: INBOX_COLLECTION, key, value: 'done', ifVersion: version, expiresAt };
  }

  /** Waits until a claim is given back, completed or over, at most so many milliseconds. */
  async changed(key: string, limit: number): Promise<void> {
    let wake = (): void => {};
    const woken = new Promise<void>((resolve) => (wake = resolve));
    // Whoever listens first and looks then misses nothing.
    const stop = this.store.onCommit(({ collections }) => {
      if (collections === undefined || collections.includes(INBOX_COLLECTION)) wake();
    });
    let timer: NodeJS.Timeout | undefined;
    try {
      const state = await this.read(key);
      if (state.status !== 'claimed') return;
      timer = setTimeout(wake, Math.min(limit, state.left + SOON));
      await woken;
    } finally {
      clearTimeout(timer);
      stop();
    }
  }

  private async write(key: string, value: string, ifVersion: number, ttl: number): Promise<number | undefined> {
    const expiresAt = (await this.store.now()) + ttl;
    return this.commit({ collection: INBOX_COLLECTION, key, value, ifVersion, expiresAt });
  }

  private async commit(write: RecordWrite): Promise<number | undefined> {
    try {
      const { recordVersions } = await this.store.commit({ records: [write] });
      return recordVersions[0];
    } catch (error) {
      if (error instanceof RecordConflictError) return undefined;
      throw error;
    }
  }
}

function textOf({ value }: StoredRecord): string {
  return typeof value === 'string' ? value : new TextDecoder().decode(value as Uint8Array);
}
