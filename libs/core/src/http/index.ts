// Mounting the endpoints
export { CatgaProcessesHttpModule } from './processes-http.module.js';
export { createProcessesController } from './create-processes-controller.js';
export { createProjectionsController } from './create-projections-controller.js';
export { resolveHttpOptions, type ProcessesHttpOptions, type ResolvedHttpOptions } from './http.options.js';

// For the application's own routes
export { CatgaProblemFilter } from './problem.filter.js';
export { CatgaValidationPipe } from './validation.pipe.js';
export { toProblem, type Problem } from './problem.js';
export { InvalidBodyError, InvalidQueryError, OperationsClosedError, ShuttingDownError } from './http.errors.js';
export type { Fault } from '../foundation/index.js';

// Showing values
export { REDACTED, toJsonView, type ViewLimits, type ViewOptions } from './json-view.js';
