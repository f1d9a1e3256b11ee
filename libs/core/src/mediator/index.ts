export { failure, success, type CatgaFailure, type CatgaResult, type CatgaSuccess } from './catga-result.js';
export { AmbientContext } from './dispatch/ambient-context.js';
export type { RemoteRequests } from './dispatch/remote-requests.js';
export {
  CommandHandler,
  EventHandler,
  EventsHandler,
  isSubscriber,
  markSubscriber,
  QueryHandler,
  type ICommandHandler,
  type IEventHandler,
  type IQueryHandler,
} from './handlers/handler.decorators.js';
export { HandlerRegistry, type HandlerEntry, type HandlerRegistration } from './handlers/handler-registry.js';
export { Mediator } from './mediator.js';
export { MediatorEngine } from './mediator-engine.js';
export {
  BehaviorMisuseError,
  DuplicateHandlerError,
  DuplicateMessageNameError,
  EventPublishError,
  HandlerFailedError,
  HandlerMessageMissingError,
  HandlerMethodMissingError,
  HandlerNotFoundError,
  InvalidBehaviorError,
  InvalidMessageError,
  MediatorClosedError,
  type EventFailure,
} from './mediator.errors.js';
export { DEFAULT_DRAIN_TIMEOUT, resolveMediatorOptions, type MediatorOptions } from './mediator.options.js';
export {
  type BehaviorFactory,
  type BehaviorRef,
  type DispatchTarget,
  type MessageKind,
  type Next,
  type PipelineBehavior,
} from './pipeline/pipeline-behavior.js';
export { UseBehaviors } from './pipeline/use-behaviors.decorator.js';
export { AuthorizationBehavior, MessageAuthorizer, NotAuthorizedError } from './behaviors/authorization.behavior.js';
export { LoggingBehavior, type LoggingOptions } from './behaviors/logging.behavior.js';
export { MediatorMetrics, type MessageMetrics } from './behaviors/metrics/mediator-metrics.js';
export { MetricsBehavior } from './behaviors/metrics/metrics.behavior.js';
export { IdempotencyBehavior } from './behaviors/idempotency/idempotency.behavior.js';
export {
  IdempotencyInProgressError,
  IdempotencyKeyReusedError,
  IdempotentAnswerLostError,
} from './behaviors/idempotency/idempotency.errors.js';
export type { IdempotencyOptions } from './behaviors/idempotency/idempotency.options.js';
export { MessageInvalidError } from './behaviors/validation/message-check.js';
export { ValidationBehavior } from './behaviors/validation/validation.behavior.js';
