export {
  Aggregate,
  AGGREGATE_METADATA_KEY,
  readAggregateMetadata,
  type AggregateOptions,
} from './aggregate.decorator.js';
export {
  AggregateDefinitionError,
  AggregateHistoryError,
  AggregateNotFoundError,
  DeciderEndedError,
  DuplicateAggregateError,
  InvalidAggregateIdError,
  OnDecoratorError,
  StaleAggregateError,
  UnhandledAggregateEventError,
} from './aggregate.errors.js';
export { AggregateModel, type AggregateType, type AnyAggregate, type IdOf } from './aggregate-model.js';
export { AggregateRepository } from './aggregate-repository.js';
export { AggregateRoot, type AggregateId } from './aggregate-root.js';
export { Aggregates } from './aggregates.js';
export { defineDecider, type Decider } from './decider.js';
export { DeciderModel } from './decider-model.js';
export { DeciderRepository, type DeciderState, type Decision } from './decider-repository.js';
export {
  InjectRepository,
  provideRepository,
  repositoryToken,
  withRepositories,
  type AnyDecider,
  type RepositoryTarget,
} from './inject-repository.decorator.js';
export { On, readOnBindings, type OnBinding, type OnMethodDecorator } from './on.decorator.js';
export type { SaveOptions, SaveResult, UpdateOptions } from './repository.types.js';
export { streamOf, type StateModel } from './state-model.js';
