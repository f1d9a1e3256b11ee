import { CatgaError } from '../foundation/index.js';

/** Two modules want to keep the locks of the application; found at boot. */
export class DuplicateCoordinationError extends CatgaError {
  readonly code = 'CATGA_COORDINATION_DUPLICATE';
  readonly kind = 'configuration';
  constructor(modules: readonly string[]) {
    super(
      `More than one module provides locks, cache and rate limits: ${modules.join(', ')}. Import one of them, or give the others the option coordination: false.`,
      { details: { modules } },
    );
  }
}
