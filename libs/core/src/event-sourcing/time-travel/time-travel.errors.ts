import { CatgaError } from '../../foundation/index.js';

/** A version was asked for that the stream has not reached. */
export class VersionNotReachedError extends CatgaError {
  readonly code = 'CATGA_VERSION_NOT_REACHED';
  readonly kind = 'request';
  constructor(stream: string, wanted: number, actual: number) {
    super(
      `Stream "${stream}" has no version ${wanted}, it is at version ${actual}. Ask for a whole number from 0 to ${actual}, or for a time.`,
      { details: { stream, wanted, actual } },
    );
  }
}
