/** Collections of the store in which projections keep their notes. */

/** One record a projection: which model is live, which is being built, whether it is paused. */
export const PROJECTIONS = 'projections';
/** One record a partition of a generation: how far it got. Its version is the fence of its owner. */
export const CHECKPOINTS = 'checkpoints';
/** One record a partition of a generation: which node works on it. */
export const LEASES = 'projection-leases';
/** One record a node and projection with partitions: the node takes part. */
export const MEMBERS = 'projection-members';
/** A record here closes a generation: while it is there, nobody but its holder writes that generation. */
export const FENCES = 'projection-fences';
/** Events that a projection could not take. */
export const DEAD_LETTERS = 'projection-dead-letters';

/** Name of a generation, e.g. `order-list@2`. */
export function generationKey(projection: string, generation: number): string {
  return `${projection}@${generation}`;
}

/** Name of a partition of a generation, e.g. `order-list@2/0`. */
export function shardKey(projection: string, generation: number, partition: number): string {
  return `${projection}@${generation}/${partition}`;
}

/**
 * Where a target keeps which dead letter of a partition it has taken last, e.g. `order-list@2/0/replayed`: a position
 * that goes up and down, apart from how far the partition got.
 */
export function replayedKey(shard: string): string {
  return `${shard}/replayed`;
}

/** Collection that holds a read model of a generation. */
export function modelCollection(projection: string, generation: number): (model: string) => string {
  return (model) => `model:${projection}/${model}@${generation}`;
}
