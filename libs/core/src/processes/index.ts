// What an application writes
export {
  CatgaProcess,
  Compensate,
  CompensationStep,
  Condition,
  Inline,
  ProcessDecoratorError,
  ProcessId,
  ProcessStep,
  Serializer,
  type CatgaProcessOptions,
  type ProcessIdFunction,
  type ProcessStepOptions,
} from './decorators/index.js';
export { CatgaProcessBase } from './api/process-base.js';
export { ProcessContext, type InlineStepOptions } from './api/process-context.js';
export type { StepOutcome } from './engine/compensation.js';

// What it starts and operates them with
export { EngineStoppedError } from './api/engine.errors.js';
export type { FlowNode, ProcessDefinition, StepDefinition } from './api/process-definition.types.js';
export type { ProcessCommand, ProcessHandle, ProcessResult } from './api/process-handle.js';
export {
  ProcessAlreadyExistsError,
  ProcessCancelledError,
  ProcessConflictError,
  ProcessDefinitionError,
  ProcessDivergedError,
  ProcessFailedError,
  ProcessNotFoundError,
  ProcessParkedError,
  ProcessStepError,
  ProcessStepNotFoundError,
  ProcessStepOutcomeUnknownError,
  ProcessStepTimeoutError,
  ProcessUnknownError,
  ProcessValueError,
} from './api/process.errors.js';
export {
  PARKED,
  TERMINAL,
  type CancelOptions,
  type CompensationDecision,
  type ExistingProcessPolicy,
  type OperatorOptions,
  type ProcessDetails,
  type ProcessEventView,
  type ProcessFilter,
  type ProcessPage,
  type ProcessProgress,
  type ProcessStatus,
  type ProcessStepView,
  type ProcessSummary,
  type RecordedError,
  type StartOptions,
} from './api/process.types.js';
export { Processes } from './api/processes.js';
export {
  ProcessIdError,
  readBlueprint,
  resolveProcessOptions,
  type ProcessBlueprint,
  type ProcessesOptions,
  type ProcessOverrides,
  type ResolvedProcessOptions,
  type RetentionOptions,
  type StepAlternative,
  type StepBlueprint,
  type StepOptions,
} from './definition/index.js';

// What the module and test tools are made of
export { isCodec } from './decorators/serializer.decorator.js';
export { defaultCodec } from './journal/default-codec.js';
export { ProcessRuntime, type RuntimeOptions, type RuntimeSettings } from './process-runtime.js';
export { ProcessHost, type ProcessHostOptions } from './nest/process-host.js';
export { processProviders } from './nest/process.providers.js';
