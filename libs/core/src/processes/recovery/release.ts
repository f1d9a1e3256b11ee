import type { Store } from '../../store/index.js';
import type { ProcessEngine } from '../engine/process-engine.js';

/** Collection of the notes that a node has left; a write in it wakes the others. */
export const RELEASES = 'process-releases';

/** Runs given back at one time. */
const BATCH = 50;
/** Milliseconds after which a note is of no use: every node has looked around since. */
const KEEP_NOTE = 60_000;

/**
 * Gives runs back, then wakes the other nodes, which would otherwise find them at their next round only. Whatever fails
 * here is found by them when the lease of this node has expired.
 */
export async function releaseRuns(
  store: Store,
  engine: ProcessEngine,
  owner: string,
  ids: readonly string[],
): Promise<void> {
  if (ids.length === 0) return;
  for (let from = 0; from < ids.length; from += BATCH) {
    await Promise.allSettled(ids.slice(from, from + BATCH).map((id) => engine.release(id)));
  }
  const expiresAt = (await store.now()) + KEEP_NOTE;
  await store.commit({ records: [{ collection: RELEASES, key: owner, value: String(ids.length), expiresAt }] });
}
