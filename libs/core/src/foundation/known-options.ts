import { CatgaError } from './catga-error.js';
import { nearestName } from './nearest-name.js';

/** An option that does not exist: every option is used or refused, so a typing error never goes unnoticed. */
export class UnknownOptionError extends CatgaError {
  readonly code = 'CATGA_UNKNOWN_OPTION';
  readonly kind = 'configuration';
  constructor(where: string, key: string, known: readonly string[]) {
    const nearest = nearestName(key, known);
    super(
      `${where} has no option "${key}". ${nearest ? `Did you mean "${nearest}"? ` : ''}Known options: ${known.join(', ')}.`,
      { details: { where, key, nearest, known } },
    );
  }
}

/** An option with a value that it cannot have. */
export class InvalidOptionError extends CatgaError {
  readonly code = 'CATGA_INVALID_OPTION';
  readonly kind = 'configuration';
  constructor(where: string, value: unknown, expected: string) {
    super(`Option ${where} is ${describe(value)}. Write ${expected}.`, { details: { where, expected } });
  }
}

/**
 * Refuses anything but a plain object with these keys. Left out options are fine.
 *
 * @param where names the object in messages, e.g. `CatgaModule.forRoot({ mediator })`.
 * @throws {UnknownOptionError} naming the nearest known option
 * @throws {InvalidOptionError} when it is no object
 */
export function assertKnownOptions(where: string, options: unknown, known: readonly string[]): void {
  if (options === undefined) return;
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new InvalidOptionError(where, options, `an object with some of: ${known.join(', ')}`);
  }
  const unknown = Object.keys(options).find((key) => !known.includes(key));
  if (unknown !== undefined) throw new UnknownOptionError(where, unknown, known);
}

function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object';
  return typeof value === 'function' ? `the function ${value.name}` : String(value);
}
