import type { RecordedEvent } from '../../event-sourcing/index.js';
import type { ProjectionDefinition } from '../definition/projection-definition.js';
import { generationKey, shardKey } from '../state/collections.js';
import type { Generation } from '../state/projection-state.js';

/** One partition of one generation of a projection: what has a checkpoint and an owner of its own. */
export interface Shard {
  readonly definition: ProjectionDefinition;
  readonly generation: Generation;
  readonly partition: number;
  /** True while it is built beside the live one. */
  readonly rebuilding: boolean;
}

/** Name of the shard's checkpoint and lease, e.g. `order-list@2/0`. */
export function keyOfShard({ definition, generation, partition }: Shard): string {
  return shardKey(definition.name, generation.generation, partition);
}

/** Name of the shard's generation, e.g. `order-list@2`. */
export function generationOfShard({ definition, generation }: Shard): string {
  return generationKey(definition.name, generation.generation);
}

/** What keeps the order of an event: events with the same key belong to the same partition. */
export function keyOfEvent({ keyOf }: ProjectionDefinition, recorded: RecordedEvent): string {
  return keyOf === undefined ? recorded.stream : keyOf(recorded);
}

const { imul } = Math;

/** Partition of a key: FNV-1a, mixed so that its low bits are good ones. The same on every node, for ever. */
export function partitionOf(key: string, partitions: number): number {
  if (partitions === 1) return 0;
  let hash = 0x811c9dc5 | 0;
  for (let i = 0; i < key.length; i++) hash = imul(hash ^ key.charCodeAt(i), 0x01000193);
  hash ^= hash >>> 16;
  hash = imul(hash, 0x45d9f3b);
  hash ^= hash >>> 16;
  return (hash >>> 0) % partitions;
}
