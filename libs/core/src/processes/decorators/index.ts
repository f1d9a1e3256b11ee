export {
  CatgaProcess,
  PROCESS_METADATA_KEY,
  readProcessMetadata,
  type CatgaProcessOptions,
  type ProcessClassDecorator,
  type ProcessMetadata,
} from './catga-process.decorator.js';
export { Compensate, CompensationStep } from './compensation.decorators.js';
export { Condition } from './condition.decorator.js';
export { ProcessDecoratorError } from './decorator.errors.js';
export { Inline } from './inline.decorator.js';
export { ProcessId, type ProcessIdFunction } from './process-id.decorator.js';
export { ProcessStep, type ProcessStepOptions } from './process-step.decorator.js';
export { Serializer } from './serializer.decorator.js';
