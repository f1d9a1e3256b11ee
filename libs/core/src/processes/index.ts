export type { FlowNode, ProcessDefinition, StepDefinition } from './api/process-definition.types.js';
export type { ProcessCommand, ProcessHandle, ProcessResult } from './api/process-handle.js';
export * from './api/process.errors.js';
export * from './api/process.types.js';
export { Processes } from './api/processes.js';
export {
  CatgaProcess,
  Compensate,
  CompensationStep,
  Condition,
  Inline,
  PROCESS_METADATA_KEY,
  ProcessDecoratorError,
  ProcessId,
  ProcessStep,
  readProcessMetadata,
  Serializer,
  type CatgaProcessOptions,
  type ProcessClassDecorator,
  type ProcessIdFunction,
  type ProcessMetadata,
  type ProcessStepOptions,
} from './decorators/index.js';
export {
  ProcessIdError,
  readBlueprint,
  resolveProcessOptions,
  toDefinition,
  type ProcessBlueprint,
  type ProcessesOptions,
  type ProcessOverrides,
  type ResolvedProcessOptions,
  type RetentionOptions,
  type StepAlternative,
  type StepBlueprint,
  type StepOptions,
} from './definition/index.js';
