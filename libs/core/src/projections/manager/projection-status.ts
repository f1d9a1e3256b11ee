import type { ProjectionMode } from '../definition/projection.options.js';
import type { ProjectionPause } from '../state/projection-state.js';

/**
 * - `running`: takes events as they come.
 * - `building`: has no read model yet.
 * - `paused`: somebody has paused it.
 * - `failed`: stands still before an event that it cannot take.
 * - `stopped`: no node works on it, because none has started it.
 * - `superseded`: this node has other code than the one whose read model is live.
 */
export type ProjectionCondition = 'running' | 'building' | 'paused' | 'failed' | 'stopped' | 'superseded';

/** How far a read model is behind the log. */
export interface ProjectionLag {
  /** Positions of the log between it and the last one: at most so many events are missing. 0 when none is. */
  readonly events: number;
  /** Age of the oldest event that is missing; 0 when none is. */
  readonly milliseconds: number;
}

/** One part of a projection. */
export interface ProjectionPartitionStatus {
  readonly partition: number;
  readonly position: number;
  readonly lag: ProjectionLag;
  /** The node that works on it; left out when none does, or when nobody else could. */
  readonly owner?: string;
}

/** A rebuild under way. */
export interface RebuildStatus {
  readonly generation: number;
  /** Version of the projection whose code builds it. */
  readonly version: number;
  readonly startedAt: number;
  /** Every event up to here is in it. */
  readonly position: number;
  /** Last position of the log when it was begun. */
  readonly target: number;
  /** From 0 to 1. */
  readonly progress: number;
  /** Dead letters of the read model that is built, up to 1,000. */
  readonly deadLetters: number;
  /** Milliseconds until the target is reached at the speed so far; left out before anything can be said. */
  readonly remaining?: number;
  /** Why it stands still. The live model goes on. */
  readonly failure?: ProjectionPause;
}

/** What is known about a projection. */
export interface ProjectionStatus {
  readonly name: string;
  readonly mode: ProjectionMode;
  /** Version of this node's code. */
  readonly version: number;
  readonly condition: ProjectionCondition;
  /** Number of the live read model; 0 while there is none. */
  readonly generation: number;
  /** Every event up to here is in the live read model. */
  readonly position: number;
  /** Last position of the log. */
  readonly head: number;
  readonly lag: ProjectionLag;
  /** Events that it has taken. 0 for inline projections, which do not count. */
  readonly events: number;
  /** Dead letters of the live read model, up to 1,000; of the first one while that is built. */
  readonly deadLetters: number;
  readonly partitions: readonly ProjectionPartitionStatus[];
  /** Why it stands still. */
  readonly paused?: ProjectionPause;
  readonly rebuild?: RebuildStatus;
}
