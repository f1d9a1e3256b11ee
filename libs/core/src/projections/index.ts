export { Projection, PROJECTION_METADATA_KEY, readProjectionOptions } from './definition/projection.decorator.js';
export {
  checkedOptions,
  defineProjection,
  type ProjectionDefinition,
  type ProjectionHandler,
} from './definition/projection-definition.js';
export type {
  ProjectionErrorPolicy,
  ProjectionKey,
  ProjectionMode,
  ProjectionOptions,
  ResolvedErrorPolicy,
} from './definition/projection.options.js';
export {
  readModel,
  type ProjectionModel,
  type ReadModel,
  type ReadModelDefinition,
  type ReadModelItem,
  type ReadModelOptions,
  type ReadModelPage,
  type ReadModelQuery,
} from './model/read-model.js';
export type { ProjectionContext } from './run/projection-context.js';
export type { ProjectionTarget, TargetStep } from './run/projection-target.js';
export type { DeadLetter, DeadLetterPage, KeptError } from './state/dead-letter.js';
export type { ProjectionPause } from './state/projection-state.js';
export type { ReplayResult } from './manager/dead-letters.js';
export {
  ProjectionManager,
  type DeadLetterQuery,
  type OperatorNote,
  type WaitOptions,
} from './manager/projection-manager.js';
export type { ProjectionReference } from './manager/projection-set.js';
export type {
  ProjectionCondition,
  ProjectionLag,
  ProjectionPartitionStatus,
  ProjectionStatus,
  RebuildStatus,
} from './manager/projection-status.js';
export {
  resolveProjectionsOptions,
  type ProjectionsOptions,
  type ResolvedProjectionsOptions,
} from './manager/projections.options.js';
export { ReadModels } from './manager/read-models.js';
export { ProjectionHost, type ProjectionHostOptions } from './nest/projection-host.js';
export { projectionProviders } from './nest/projection.providers.js';
export { ProjectionRuntime, type ProjectionRuntimeOptions } from './projection-runtime.js';
export {
  DeadLetterNotFoundError,
  DeadLetterReplayError,
  InlineProjectionError,
  ProjectionDefinitionError,
  ProjectionStateError,
  ProjectionSupersededError,
  ProjectionWaitTimeoutError,
  ReadModelValueError,
  UnknownProjectionError,
  UnknownReadModelError,
} from './projection.errors.js';
