import { assertKnownOptions, InvalidOptionError } from '../foundation/index.js';
import { assertWorkerId } from './snowflake.js';

/** Options `ids` of `CatgaModule.forRoot`. */
export interface IdsOptions {
  /** Worker id of this node for snowflake ids, 0 to 1023. Default: leased from the store. */
  readonly workerId?: number | undefined;
  /** Milliseconds since 1970 from which snowflake times count. Never change it. Default 2024-01-01. */
  readonly epoch?: number | undefined;
}

/**
 * Checks the options.
 *
 * @throws {UnknownOptionError}
 * @throws {InvalidOptionError}
 */
export function resolveIdsOptions(options: IdsOptions = {}): IdsOptions {
  assertKnownOptions('ids', options, ['workerId', 'epoch']);
  if (options.workerId !== undefined) assertWorkerId(options.workerId);
  const { epoch } = options;
  if (epoch !== undefined && !(Number.isInteger(epoch) && epoch >= 0 && epoch <= Date.now())) {
    throw new InvalidOptionError('ids.epoch', epoch, 'milliseconds since 1970, not in the future');
  }
  return options;
}
