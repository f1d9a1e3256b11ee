import { CatgaError } from '../../foundation/index.js';

/** A decorator of a process that stands where it cannot work, or was given something it cannot use. */
export class ProcessDecoratorError extends CatgaError {
  readonly code = 'CATGA_PROCESS_DECORATOR';
  readonly kind = 'configuration';

  /**
   * @param decorator as it is written, e.g. `@Condition()`
   * @param place what it stands on, e.g. `OrderProcess.ship`
   * @param advice what is wrong and what to write instead
   */
  constructor(decorator: string, place: string, advice: string) {
    super(`${decorator} on ${place}: ${advice}`, { details: { decorator, place } });
  }
}
