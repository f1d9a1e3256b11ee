import { CatgaError } from './foundation/index.js';

/** `CatgaModule.forRoot` was imported more than once; found at boot. */
export class DuplicateCatgaModuleError extends CatgaError {
  readonly code = 'CATGA_MODULE_DUPLICATE';
  readonly kind = 'configuration';
  constructor(times: number) {
    super(
      `CatgaModule.forRoot is imported ${times} times, which would run every handler as often. Import it once in the root module; it is global. Feature modules use CatgaModule.forFeature([...]) or just list their handlers as providers.`,
      { details: { times } },
    );
  }
}

/** Two modules want to be the store of the application; found at boot. */
export class DuplicateStoreError extends CatgaError {
  readonly code = 'CATGA_STORE_DUPLICATE';
  readonly kind = 'configuration';
  constructor(modules: readonly string[]) {
    super(`More than one module provides the store: ${modules.join(', ')}. Import one of them.`, {
      details: { modules },
    });
  }
}

/** Two modules want to be the transport of the application; found at boot. */
export class DuplicateTransportError extends CatgaError {
  readonly code = 'CATGA_TRANSPORT_DUPLICATE';
  readonly kind = 'configuration';
  constructor(modules: readonly string[]) {
    super(
      `More than one module provides the transport: ${modules.join(', ')}. Import one of them, or give the others the option transport: false.`,
      { details: { modules } },
    );
  }
}
