export type { ProcessBlueprint, StepAlternative, StepBlueprint } from './blueprint.js';
export {
  resolveProcessOptions,
  type ProcessesOptions,
  type ProcessOverrides,
  type ResolvedProcessOptions,
  type RetentionOptions,
  type StepOptions,
} from './process-options.js';
export { ProcessIdError } from './process-id.js';
export { readBlueprint } from './read-blueprint.js';
export { toDefinition } from './to-definition.js';
