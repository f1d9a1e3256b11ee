import type { BehaviorRef, PipelineBehavior } from './pipeline-behavior.js';

/** Makes behaviours out of their references. */
export interface BehaviorResolver {
  /** @throws {InvalidBehaviorError} the reference gives no behaviour */
  resolve(ref: BehaviorRef, where: string): PipelineBehavior | Promise<PipelineBehavior>;
}
