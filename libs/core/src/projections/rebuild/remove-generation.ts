import type { RecordWrite, Store } from '../../store/index.js';
import type { ProjectionDefinition } from '../definition/projection-definition.js';
import { CHECKPOINTS, DEAD_LETTERS, LEASES, modelCollection, replayedKey, shardKey } from '../state/collections.js';
import { ProjectionStates, type ObsoleteGeneration } from '../state/projection-state.js';

/** Records that are removed in one commit. */
const AT_ONCE = 500;

/**
 * Removes what is left of a generation that nobody reads any more: models, dead letters, checkpoints. Its fence stays,
 * so that a node that wakes up after years cannot write it.
 */
export async function removeGeneration(
  store: Store,
  { name, target }: ProjectionDefinition,
  obsolete: ObsoleteGeneration,
): Promise<void> {
  const { generation, partitions, models } = obsolete;
  const collectionOf = modelCollection(name, generation);
  for (const model of models) await removeRecords(store, collectionOf(model));
  const shards = Array.from({ length: partitions }, (_, partition) => shardKey(name, generation, partition));
  for (const shard of shards) {
    await removeRecords(store, DEAD_LETTERS, [`shard:${shard}`]);
    await target?.remove(shard);
    await target?.remove(replayedKey(shard));
    const records: RecordWrite[] = [CHECKPOINTS, LEASES].map((collection) => ({ collection, key: shard }));
    await store.commit({ records });
  }
  await new ProjectionStates(store).change(name, (state) => {
    const left = state.obsolete.filter((other) => other.generation !== generation);
    return left.length === state.obsolete.length ? undefined : { ...state, obsolete: left };
  });
}

async function removeRecords(store: Store, collection: string, tags?: readonly string[]): Promise<void> {
  for (;;) {
    const page = await store.findRecords({ collection, limit: AT_ONCE, ...(tags === undefined ? {} : { tags }) });
    if (page.records.length === 0) return;
    await store.commit({ records: page.records.map(({ key }) => ({ collection, key })) });
  }
}
