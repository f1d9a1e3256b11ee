import type { Cell } from './driver.js';

/** A record write as it arrived; a null value deletes. */
export interface RecordRow {
  readonly collection: string;
  readonly key: string;
  readonly value: Cell;
  readonly ifVersion: number;
  readonly dueAt: number | null;
  readonly expiresAt: number | null;
  readonly tags: readonly string[];
}

/** What the file holds of a record. */
export interface Saved {
  readonly id: number;
  readonly tags: readonly string[];
}

/** What is known of a record; version 0: there is none. */
export interface RecordState {
  readonly collection: string;
  readonly key: string;
  id: number;
  version: number;
  createdAt: number;
  expiresAt: number | null;
  tags: readonly string[];
  saved: Saved | undefined;
  /** The last write of this transaction; several writes of one record become one. */
  write: RecordRow | undefined;
}

/** A record in one map of all collections. */
export function nameOf(collection: string, key: string): string {
  // No NUL can be in a name, so two different pairs never meet here.
  return `${collection}\0${key}`;
}

/** A record of which nothing is known but that it is asked for. */
export function unknownRecord(collection: string, key: string): RecordState {
  const none = { id: 0, version: 0, createdAt: 0, expiresAt: null, tags: [], saved: undefined, write: undefined };
  return { collection, key, ...none };
}

/** Whether it is there, but no longer for anybody. */
export function isExpired(state: RecordState, now: number): boolean {
  return state.version > 0 && state.expiresAt !== null && state.expiresAt <= now;
}

/** Deleted, or deleted and made anew: the row in the file is of a former life. */
export function mustLeave({ saved, version, id }: RecordState): boolean {
  return saved !== undefined && (version === 0 || saved.id !== id);
}

/** One column for both: a tag is only ever looked for in its collection, and a shorter row is a cheaper one. */
export function storedTag(collection: string, tag: string): string {
  return `${collection}/${tag}`;
}
