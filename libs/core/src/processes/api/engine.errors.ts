import { CatgaError } from '../../foundation/index.js';

/** This node shuts down. The run is safe: it goes on elsewhere, or when this application starts again. HTTP 503. */
export class EngineStoppedError extends CatgaError {
  readonly code = 'CATGA_PROCESS_ENGINE_STOPPED';
  readonly kind = 'infrastructure';
  constructor(what: string) {
    super(
      `"${what}" cannot be waited for or started here: this node shuts down. What was started goes on elsewhere or after the restart; ask again.`,
      {
        details: { what },
      },
    );
  }
}
