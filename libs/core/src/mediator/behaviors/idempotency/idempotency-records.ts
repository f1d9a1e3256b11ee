import { createHash } from 'node:crypto';
import {
  RecordConflictError,
  UnencodableValueError,
  type Codec,
  type Store,
  type StoredRecord,
} from '../../../store/index.js';

/** Collection of the records of the store. */
export const IDEMPOTENCY_COLLECTION = 'catga.idempotency';

/** Milliseconds after the end of a claim at which it is surely over for every clock of the store. */
const SOON = 5;

/** What is known about one intent. Kept as text, so that every store can hold it. */
export type IdempotencyState =
  /** Somebody handles it; the record expires when that node dies. */
  | { readonly status: 'running'; readonly fingerprint?: string }
  | { readonly status: 'done'; readonly fingerprint?: string; readonly answer: string; readonly isBase64?: true }
  /** It was handled, but the answer cannot be encoded. */
  | { readonly status: 'lost'; readonly fingerprint?: string; readonly reason: string };

/** A right to handle an intent, fenced by the version of its record. */
export interface IdempotencyClaim {
  readonly id: string;
  readonly fingerprint?: string;
  /** Version of the record as last written by the owner. */
  version: number;
}

/** First answers as records of the store: durable where the store is. */
export class IdempotencyRecords {
  constructor(
    private readonly store: Store,
    private readonly codec: Codec,
  ) {}

  async read(id: string): Promise<IdempotencyState | undefined> {
    const record = await this.store.getRecord(IDEMPOTENCY_COLLECTION, id);
    return record && stateOf(record);
  }

  /**
   * Takes an intent that nobody has.
   *
   * @param lease milliseconds until others may take it, if it is not renewed
   * @returns undefined when somebody else was first
   */
  async claim(id: string, fingerprint: string | undefined, lease: number): Promise<IdempotencyClaim | undefined> {
    const state: IdempotencyState = { status: 'running', ...(fingerprint && { fingerprint }) };
    const version = await this.write(id, state, 0, lease);
    return version === undefined ? undefined : { id, version, ...(fingerprint && { fingerprint }) };
  }

  /** Prolongs a claim; false when it was lost. */
  async renew(claim: IdempotencyClaim, lease: number): Promise<boolean> {
    const { fingerprint } = claim;
    const state: IdempotencyState = { status: 'running', ...(fingerprint && { fingerprint }) };
    return this.update(claim, state, lease);
  }

  /**
   * Keeps the first answer.
   *
   * @returns false when the claim was lost meanwhile, and another answer may be kept
   */
  complete(claim: IdempotencyClaim, answer: unknown, keepFor: number): Promise<boolean> {
    const { fingerprint } = claim;
    const common = fingerprint === undefined ? {} : { fingerprint };
    try {
      return this.update(claim, { status: 'done', ...common, ...packed(this.codec.encode(answer)) }, keepFor);
    } catch (error) {
      if (!(error instanceof UnencodableValueError)) throw error;
      return this.update(claim, { status: 'lost', ...common, reason: error.message }, keepFor);
    }
  }

  /** Gives an intent back that was not handled, so that a repetition is. */
  async release(claim: IdempotencyClaim): Promise<void> {
    await this.commit({ key: claim.id, ifVersion: claim.version });
  }

  /** The first answer. */
  answerOf({ answer, isBase64 }: Extract<IdempotencyState, { status: 'done' }>): unknown {
    return this.codec.decode(isBase64 ? Buffer.from(answer, 'base64') : answer);
  }

  /** A short mark of the content of a message; undefined when it cannot be encoded. */
  fingerprint(message: object): string | undefined {
    try {
      return createHash('sha256').update(this.codec.encode(message)).digest('base64url').slice(0, 22);
    } catch (error) {
      if (error instanceof UnencodableValueError) return undefined;
      throw error;
    }
  }

  /**
   * Waits until an intent is no longer running: it is done, given back, or its owner is dead and its claim expires.
   *
   * @param limit milliseconds to wait at most
   */
  async settled(id: string, limit: number): Promise<void> {
    let wake = () => {};
    const woken = new Promise<void>((resolve) => (wake = resolve));
    // Whoever listens first and looks then misses nothing.
    const stop = this.store.onCommit(({ collections }) => {
      if (collections === undefined || collections.includes(IDEMPOTENCY_COLLECTION)) wake();
    });
    let timer: NodeJS.Timeout | undefined;
    try {
      const left = await this.expiresIn(id);
      if (left === undefined) return;
      timer = setTimeout(wake, Math.min(limit, left + SOON));
      await woken;
    } finally {
      clearTimeout(timer);
      stop();
    }
  }

  /** Milliseconds for which a claim is still valid; undefined when the intent is settled. */
  private async expiresIn(id: string): Promise<number | undefined> {
    const record = await this.store.getRecord(IDEMPOTENCY_COLLECTION, id);
    // Gone, and yet it could not be claimed a moment ago: the next attempt will tell.
    if (record === undefined) return 0;
    if (stateOf(record).status !== 'running') return undefined;
    return Math.max(0, (record.expiresAt ?? 0) - (await this.store.now()));
  }

  private async update(claim: IdempotencyClaim, state: IdempotencyState, ttl: number): Promise<boolean> {
    const version = await this.write(claim.id, state, claim.version, ttl);
    if (version === undefined) return false;
    claim.version = version;
    return true;
  }

  private async write(
    id: string,
    state: IdempotencyState,
    ifVersion: number,
    ttl: number,
  ): Promise<number | undefined> {
    const expiresAt = (await this.store.now()) + ttl;
    return this.commit({ key: id, value: JSON.stringify(state), ifVersion, expiresAt });
  }

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

/** Codecs may write bytes; the record is text. */
function packed(payload: string | Uint8Array): { answer: string; isBase64?: true } {
  if (typeof payload === 'string') return { answer: payload };
  return { answer: Buffer.from(payload).toString('base64'), isBase64: true };
}

function stateOf({ value }: StoredRecord): IdempotencyState {
  const text = typeof value === 'string' ? value : new TextDecoder().decode(value as Uint8Array);
  return JSON.parse(text) as IdempotencyState;
}
