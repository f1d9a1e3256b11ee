import type { StoredEvent } from '../../store/index.js';
import { keyOfEvent, partitionOf } from '../run/shard.js';
import { Checkpoints } from '../state/checkpoint.js';
import { shardKey } from '../state/collections.js';
import type { Generation } from '../state/projection-state.js';
import type { ProjectionNode } from './projection-node.js';
import type { ProjectionScope } from './scope.js';

/** How far one partition got. */
export interface PartitionProgress {
  readonly partition: number;
  /** Every event up to here is in the read model. */
  readonly position: number;
  /** Events taken so far. */
  readonly events: number;
  /** The oldest event that it has not taken yet; undefined when there is none. */
  readonly pending: { readonly position: number; readonly at: number } | undefined;
}

/** Events looked at at a time, in search of one of the partition's own. */
const PAGE = 200;

/** Looks at how far the partitions of a generation got, on whatever node they are. */
export class Lag {
  private readonly checkpoints: Checkpoints;

  constructor(
    private readonly node: ProjectionNode,
    private readonly scope: ProjectionScope,
  ) {
    this.checkpoints = new Checkpoints(node.store);
  }

  /** Has every partition taken all events up to this position? */
  async hasReached(generation: Generation, position: number): Promise<boolean> {
    for (let partition = 0; partition < generation.partitions; partition++) {
      const run = this.node.run(shardKey(this.node.definition.name, generation.generation, partition));
      // Works here: it gets there by itself and tells, nothing has to be read.
      if (run !== undefined) {
        if (run.position >= position) continue;
        return false;
      }
      const at = await this.positionOf(generation, partition);
      if (at.position >= position) continue;
      if ((await this.nextAfter(generation, partition, at.position, position)) !== undefined) return false;
    }
    return true;
  }

  /** The progress of each partition. */
  async of(generation: Generation): Promise<readonly PartitionProgress[]> {
    const partitions = Array.from({ length: generation.partitions }, (_, partition) => partition);
    return Promise.all(
      partitions.map(async (partition) => {
        const { position, events } = await this.positionOf(generation, partition);
        const next = await this.nextAfter(generation, partition, position);
        return { partition, position, events, pending: next && { position: next.position, at: next.at } };
      }),
    );
  }

  /** In the memory of this node when it works on it, which may be ahead of what is stored. */
  private async positionOf(
    { generation }: Generation,
    partition: number,
  ): Promise<{ readonly position: number; readonly events: number }> {
    const key = shardKey(this.node.definition.name, generation, partition);
    const run = this.node.run(key);
    const stored = await this.checkpoints.read(key);
    return run !== undefined && run.position > stored.position ? run : stored;
  }

  private async nextAfter(
    { partitions }: Generation,
    partition: number,
    after: number,
    upTo?: number,
  ): Promise<StoredEvent | undefined> {
    const { definition, query } = this.node;
    const end = upTo === undefined ? {} : { before: upTo + 1 };
    for (let from = after; ;) {
      const limit = partitions === 1 ? 1 : PAGE;
      const page = await this.scope.store.readAll({ after: from, query, limit, closed: definition.closed, ...end });
      if (partitions > 1 && this.scope.registry.hasTransforms) await this.scope.registry.prepareDecode(page.events);
      const own = page.events.find((event) => this.partitionOfEvent(event, partitions) === partition);
      if (own !== undefined || page.events.length < limit) return own;
      from = page.position;
    }
  }

  private partitionOfEvent(event: StoredEvent, partitions: number): number {
    const { definition } = this.node;
    if (partitions === 1) return 0;
    if (definition.keyOf === undefined) return partitionOf(event.stream, partitions);
    try {
      const recorded = this.scope.registry.decode(event);
      return partitionOf(recorded === undefined ? event.stream : keyOfEvent(definition, recorded as never), partitions);
    } catch {
      return partitionOf(event.stream, partitions);
    }
  }
}
