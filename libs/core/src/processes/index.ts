export type { FlowNode, ProcessDefinition, StepDefinition } from './api/process-definition.types.js';
export type { ProcessCommand, ProcessHandle, ProcessResult } from './api/process-handle.js';
export * from './api/process.errors.js';
export * from './api/process.types.js';
export { Processes } from './api/processes.js';
