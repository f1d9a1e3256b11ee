import assert from 'node:assert/strict';
import type {
  CommitBatch,
  CommitResult,
  ExpectedVersion,
  NewEvent,
  RecordWrite,
  Store,
  StoredEvent,
} from '@catga/core';

/** Events named by their types; their data is text that names them too, so every kind of store takes them. */
export function events(...types: string[]): NewEvent[] {
  return types.map((type) => ({ type, data: `"${type}"` }));
}

/** Appends to one stream. Whether the store answers at once or later, throws or rejects, this is a promise. */
export async function append(
  store: Store,
  stream: string,
  expectedVersion: ExpectedVersion,
  ...types: string[]
): Promise<CommitResult> {
  return commit(store, { appends: [{ stream, expectedVersion, events: events(...types) }] });
}

/** Writes one record of the collection `c`. */
export async function put(store: Store, key: string, rest: Partial<RecordWrite> = {}): Promise<CommitResult> {
  return commit(store, { records: [{ collection: 'c', key, value: `"${key}"`, ...rest }] });
}

/** Deletes one record of the collection `c`. */
export async function remove(store: Store, key: string, rest: Partial<RecordWrite> = {}): Promise<CommitResult> {
  return commit(store, { records: [{ collection: 'c', key, ...rest }] });
}

/** A commit as a promise. */
export async function commit(store: Store, batch: CommitBatch): Promise<CommitResult> {
  return store.commit(batch);
}

/** `stream/version:type` of each event. */
export function brief(read: readonly StoredEvent[]): string[] {
  return read.map(({ stream, version, type }) => `${stream}/${version}:${type}`);
}

/** Keys of a page. */
export function keys(page: { readonly records: readonly { readonly key: string }[] }): string[] {
  return page.records.map(({ key }) => key);
}

/** Everything in the store, page by page. */
export async function readEverything(store: Store, pageSize = 1_000): Promise<StoredEvent[]> {
  const all: StoredEvent[] = [];
  for (;;) {
    const after = all.at(-1)?.position ?? 0;
    const { events: page } = await store.readAll({ after, limit: pageSize });
    // A store that gives the same again would keep the suite busy for ever.
    for (const { position } of page) assert.ok(position > after, `position ${position} after ${after}`);
    all.push(...page);
    if (page.length < pageSize) return all;
  }
}

/** Lets the event loop turn: stores may read the clock once a turn, and a store in memory never waits for anything. */
export function pause(milliseconds = 5): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Waits until the check answers true; at least one turn of the event loop. */
export async function eventually(
  what: string,
  check: () => boolean | Promise<boolean>,
  within = 10_000,
): Promise<void> {
  const deadline = Date.now() + within;
  do {
    if (Date.now() > deadline) throw new Error(`Not within ${within} ms: ${what}`);
    await pause();
  } while (!(await check()));
}
