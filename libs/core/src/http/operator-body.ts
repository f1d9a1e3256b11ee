import { fault, type Fault } from '../foundation/index.js';
import type { CancelOptions } from '../processes/index.js';
import { InvalidBodyError } from './http.errors.js';

/** Fields that the body of an operation may have, with the type of their value. */
const FIELDS = { by: 'string', reason: 'string', compensate: 'boolean' } as const;

/** Most characters of a text: it is kept in the journal for ever. */
const MAX_TEXT = 2_000;

/**
 * Reads the body of an operation; none at all is as good as `{}`.
 *
 * @param what names the operation, for the error message.
 * @param allowed the fields that this operation knows.
 * @throws {InvalidBodyError}
 */
export function parseOperatorBody(
  what: string,
  body: unknown,
  allowed: readonly (keyof typeof FIELDS)[] = ['by', 'reason'],
): CancelOptions {
  if (body === undefined || body === null) return {};
  if (typeof body !== 'object' || Array.isArray(body)) {
    throw new InvalidBodyError(what, [fault([], 'must be a JSON object, sent as application/json')]);
  }
  const faults = Object.entries(body).flatMap(([name, value]) => faultOf(name, value, allowed));
  if (faults.length > 0) throw new InvalidBodyError(what, faults);
  return body;
}

function faultOf(name: string, value: unknown, allowed: readonly string[]): Fault[] {
  if (!allowed.includes(name)) return [fault([name], `is not a field of this operation. Known: ${allowed.join(', ')}`)];
  const type = FIELDS[name as keyof typeof FIELDS];
  if (typeof value !== type) return [fault([name], `must be a ${type}`)];
  if (typeof value === 'string' && value.length > MAX_TEXT) {
    return [fault([name], `must have at most ${MAX_TEXT} characters`)];
  }
  return [];
}
