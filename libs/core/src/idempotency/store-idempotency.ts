import { RecordConflictError, type Store, type StoredRecord } from '../store/index.js';
import {
  IdempotencyStore,
  type IdempotencyClaim,
  type IdempotencyOutcome,
  type IdempotencyState,
} from './idempotency-store.js';

/** Collection of the records of the store. */
export const IDEMPOTENCY_COLLECTION = 'catga.idempotency';

/** Milliseconds after the end of a claim at which it is surely over for every clock of the store. */
const SOON = 5;

/**
 * Milliseconds for which the record of a dead claim is kept. If it went with the claim, the next one would have the same
 * version, and a former owner that wakes up could not tell it from its own.
 */
const KEPT = 3_600_000;

/** What is written: text, so that every store can hold it. */
type Kept = { readonly fingerprint?: string } & (
  | { readonly status: 'running'; /** End of the claim, by the store's clock. */ readonly until: number }
  | { readonly status: 'done'; readonly answer: string; readonly isBase64?: true }
  | { readonly status: 'lost'; readonly reason: string }
);

/** Fenced by the version of its record. */
interface StoreClaim extends IdempotencyClaim {
  /** As last written by the owner. */
  version: number;
}

/** First answers as records of a store: durable where the store is. */
export class StoreIdempotency extends IdempotencyStore {
  constructor(private readonly store: Store) {
    super();
  }

  override async read(id: string): Promise<IdempotencyState | undefined> {
    const record = await this.find(id);
    if (record === undefined) return undefined;
    const kept = keptIn(record);
    if (kept.status === 'running' && (await this.isOver(kept.until))) return undefined;
    return stateOf(kept);
  }

  override async claim(id: string, fingerprint: string | undefined, lease: number): Promise<StoreClaim | undefined> {
    const version = (await this.start(id, fingerprint, 0, lease)) ?? (await this.takeOver(id, fingerprint, lease));
    return version === undefined ? undefined : { id, version, ...(fingerprint !== undefined && { fingerprint }) };
  }

  override async renew(claim: StoreClaim, lease: number): Promise<boolean> {
    return moved(claim, await this.start(claim.id, claim.fingerprint, claim.version, lease));
  }

  override async complete(claim: StoreClaim, outcome: IdempotencyOutcome, keepFor: number): Promise<boolean> {
    const { id, fingerprint, version } = claim;
    const kept: Kept = { ...(fingerprint !== undefined && { fingerprint }), ...packed(outcome) };
    const expiresAt = (await this.store.now()) + keepFor;
    return moved(claim, await this.commit({ key: id, value: JSON.stringify(kept), ifVersion: version, expiresAt }));
  }

  override async release(claim: StoreClaim): Promise<void> {
    await this.commit({ key: claim.id, ifVersion: claim.version });
  }

  override async settled(id: string, limit: number): Promise<void> {
    const deadline = performance.now() + limit;
    let wake = (): void => {};
    let isDue = false;
    // Whoever listens first and looks then misses nothing.
    const stop = this.store.onCommit(({ collections }) => {
      if (collections !== undefined && !collections.includes(IDEMPOTENCY_COLLECTION)) return;
      isDue = true;
      wake();
    });
    try {
      for (;;) {
        isDue = false;
        const left = await this.left(id);
        const rest = deadline - performance.now();
        if (left <= 0 || rest <= 0) return;
        if (isDue) continue;
        // Commits for other intents wake it up too, so it looks again.
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, Math.min(rest, left + SOON));
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
    } finally {
      stop();
    }
  }

  /** Takes what a dead owner has left. */
  private async takeOver(id: string, fingerprint: string | undefined, lease: number): Promise<number | undefined> {
    const record = await this.find(id);
    if (record === undefined) return undefined;
    const kept = keptIn(record);
    if (kept.status !== 'running' || !(await this.isOver(kept.until))) return undefined;
    return this.start(id, fingerprint, record.version, lease);
  }

  /** Milliseconds for which the claim is still valid; 0 when there is none. */
  private async left(id: string): Promise<number> {
    const record = await this.find(id);
    const kept = record && keptIn(record);
    return kept?.status === 'running' ? kept.until - (await this.store.now()) : 0;
  }

  private async start(
    id: string,
    fingerprint: string | undefined,
    ifVersion: number,
    lease: number,
  ): Promise<number | undefined> {
    const until = (await this.store.now()) + lease;
    const kept: Kept = { status: 'running', until, ...(fingerprint !== undefined && { fingerprint }) };
    return this.commit({ key: id, value: JSON.stringify(kept), ifVersion, expiresAt: until + KEPT });
  }

  private find(id: string): Promise<StoredRecord | undefined> {
    return this.store.getRecord(IDEMPOTENCY_COLLECTION, id);
  }

  private async isOver(until: number): Promise<boolean> {
    return until <= (await this.store.now());
  }

  /** The new version, or undefined when somebody else has written. */
  private async commit(write: {
    key: string;
    value?: string;
    ifVersion: number;
    expiresAt?: number;
  }): Promise<number | undefined> {
    try {
      const done = await this.store.commit({ records: [{ collection: IDEMPOTENCY_COLLECTION, ...write }] });
      return done.recordVersions[0];
    } catch (error) {
      if (error instanceof RecordConflictError) return undefined;
      throw error;
    }
  }
}

function moved(claim: StoreClaim, version: number | undefined): boolean {
  if (version === undefined) return false;
  claim.version = version;
  return true;
}

/** Codecs may write bytes; the record is text. */
function packed(outcome: IdempotencyOutcome): Kept {
  if (outcome.status === 'lost') return outcome;
  const { answer } = outcome;
  if (typeof answer === 'string') return { status: 'done', answer };
  return { status: 'done', answer: Buffer.from(answer).toString('base64'), isBase64: true };
}

function stateOf(kept: Kept): IdempotencyState {
  const common = kept.fingerprint === undefined ? {} : { fingerprint: kept.fingerprint };
  if (kept.status === 'running') return { status: 'running', ...common };
  if (kept.status === 'lost') return { status: 'lost', reason: kept.reason, ...common };
  return { status: 'done', answer: kept.isBase64 ? Buffer.from(kept.answer, 'base64') : kept.answer, ...common };
}

function keptIn({ value, expiresAt = 0 }: StoredRecord): Kept {
  const text = typeof value === 'string' ? value : new TextDecoder().decode(value as Uint8Array);
  const kept = JSON.parse(text) as Kept;
  // Earlier releases let the record end with the claim.
  return kept.status === 'running' ? { ...kept, until: kept.until ?? expiresAt } : kept;
}
