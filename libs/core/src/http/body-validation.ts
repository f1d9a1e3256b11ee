import type { StandardSchemaV1 } from '@standard-schema/spec';
import { fault } from '../foundation/index.js';
import { messageSchema, type Type } from '../messages/index.js';
import { validateWithDecorators } from './class-validation.js';
import { InvalidBodyError } from './http.errors.js';
import { fill, newInstance } from './new-instance.js';
import type { ValidationOutcome } from './validation-outcome.js';

/** Most faults reported for one body: a list of a million wrong items must not become a bigger answer. */
const MAX_FAULTS = 100;

/**
 * Checks a body against a command class and makes an instance of it. The rules are those of the mediator: a Standard
 * Schema in `static schema`, then the decorators of class-validator when it is installed.
 *
 * @throws {InvalidBodyError}
 */
export async function bindBody<T extends object>(target: Type<T>, body: unknown = {}): Promise<T> {
  if (!isJsonObject(body)) {
    throw new InvalidBodyError(target.name, [fault([], 'must be a JSON object, sent as application/json')]);
  }
  const outcome = await validate(target, body);
  if (outcome.faults) throw new InvalidBodyError(target.name, outcome.faults.slice(0, MAX_FAULTS));
  const { value } = outcome;
  return value instanceof target ? value : fill(newInstance(target), value as object);
}

/** Checks a value against a Standard Schema. */
export async function validateWithSchema(schema: StandardSchemaV1, value: unknown): Promise<ValidationOutcome> {
  const result = await schema['~standard'].validate(value);
  if (!result.issues) return { value: result.value };
  return { faults: result.issues.map((issue) => fault((issue.path ?? []).map(segmentKey), issue.message)) };
}

async function validate(target: Type<object>, body: object): Promise<ValidationOutcome> {
  const schema = messageSchema(target);
  const outcome = schema ? await validateWithSchema(schema, body) : { value: body };
  if (outcome.faults) return outcome;
  return (await validateWithDecorators(target, outcome.value as object)) ?? outcome;
}

function segmentKey(segment: PropertyKey | StandardSchemaV1.PathSegment): PropertyKey {
  return typeof segment === 'object' ? segment.key : segment;
}

function isJsonObject(body: unknown): body is object {
  return typeof body === 'object' && body !== null && !Array.isArray(body);
}
