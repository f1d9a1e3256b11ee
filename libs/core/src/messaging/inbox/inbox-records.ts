import { RecordConflictError, type RecordWrite, type Store, type StoredRecord } from '../../store/index.js';

/** Collection of the inbox in the store. */
export const INBOX_COLLECTION = 'catga.inbox';

/** Milliseconds after the end of a claim at which it is surely over for every clock of the store. */
const SOON = 5;

/**
 * Milliseconds for which an entry is kept after it means anything. Versions of a record count from 1 again once it is gone:
 * whoever held a claim before could take the claim of somebody else for its own.
 */
export const KEPT = 600_000;
/** Milliseconds before its end in which an entry is not written any more: it might be gone, and made anew, meanwhile. */
const TOO_OLD = 2_000;

/** What the inbox knows about one message in one subscription. */
export type InboxState =
  | { readonly status: 'done' }
  /** For so many milliseconds at most. */
  | { readonly status: 'claimed'; readonly left: number }
  /** Whoever writes over this version has it; 0: nobody had it before. */
  | { readonly status: 'open'; readonly version: number };

/**
 * Messages of QoS 2 as records of the store: claimed while they are handled, done when they were, open when their handler
 * failed. The value says which, and until when that holds.
 */
export class InboxRecords {
  constructor(private readonly store: Store) {}

  async read(key: string): Promise<InboxState> {
    const record = await this.store.getRecord(INBOX_COLLECTION, key);
    if (record === undefined) return { status: 'open', version: 0 };
    const { expiresAt = Number.POSITIVE_INFINITY } = record;
    const [status, end] = textOf(record).split(' ');
    const now = await this.store.now();
    const until = end === undefined ? expiresAt : Number(end);
    if (status === 'done' && until > now) return { status };
    if (status === 'claimed' && until > now) return { status, left: until - now };
    const left = expiresAt - now;
    return left < TOO_OLD
      ? { status: 'claimed', left: Math.max(0, left) }
      : { status: 'open', version: record.version };
  }

  /** @param over the version of the open entry. @returns the new version, or undefined when somebody else was first */
  claim(key: string, over: number, lease: number): Promise<number | undefined> {
    return this.write(key, 'claimed', over, lease);
  }

  /** The new version, or undefined when the claim was lost. */
  renew(key: string, version: number, lease: number): Promise<number | undefined> {
    return this.write(key, 'claimed', version, lease);
  }

  /** Undefined when the claim was lost. */
  complete(key: string, version: number, keepFor: number): Promise<number | undefined> {
    return this.write(key, 'done', version, keepFor);
  }

  /** Ends a claim, if it still stands. */
  release(key: string, version: number): Promise<number | undefined> {
    return this.write(key, 'open', version, 0);
  }

  /** What makes a claimed message a handled one, for somebody else's commit. */
  completion(key: string, version: number, keepFor: number): Promise<RecordWrite> {
    return this.entry(key, 'done', version, keepFor);
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

  private async entry(key: string, status: string, ifVersion: number, ttl: number): Promise<RecordWrite> {
    const until = (await this.store.now()) + ttl;
    return { collection: INBOX_COLLECTION, key, value: `${status} ${until}`, ifVersion, expiresAt: until + KEPT };
  }

  private async write(key: string, status: string, ifVersion: number, ttl: number): Promise<number | undefined> {
    const write = await this.entry(key, status, ifVersion, ttl);
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
