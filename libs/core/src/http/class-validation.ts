import type { ValidationError } from 'class-validator';
import { fault, optionalImport, type Fault } from '../foundation/index.js';
import type { Type } from '../messages/index.js';
import { constructible, fill, newInstance } from './new-instance.js';
import type { ValidationOutcome } from './validation-outcome.js';

const validator = optionalImport(() => import('class-validator'));
const transformer = optionalImport(() => import('class-transformer'));

/**
 * Checks a body against the class-validator decorators of a class. `undefined` when the class has none, or when
 * class-validator is not installed.
 */
export async function validateWithDecorators(
  target: Type<object>,
  body: object,
): Promise<ValidationOutcome | undefined> {
  const rules = await validator();
  if (!rules || !hasRules(rules, target)) return undefined;
  const instance = await instantiate(target, body);
  const errors = await rules.validate(instance, { stopAtFirstError: false });
  return errors.length > 0 ? { faults: errors.flatMap((error) => faultsOf(error, [])) } : { value: instance };
}

/** True when class-validator is installed and the class uses it. */
export async function hasDecoratorRules(target: Type<object>): Promise<boolean> {
  const rules = await validator();
  return rules !== undefined && hasRules(rules, target);
}

function hasRules(rules: typeof import('class-validator'), target: Type<object>): boolean {
  return rules.getMetadataStorage().getTargetValidationMetadatas(target, '', true, false).length > 0;
}

/** Nested classes need class-transformer's `@Type`; without it the body's fields are taken as they are. */
async function instantiate(target: Type<object>, body: object): Promise<object> {
  const transform = await transformer();
  if (transform) return transform.plainToInstance(constructible(target), body);
  return fill(newInstance(target), body);
}

function faultsOf(error: ValidationError, parents: readonly string[]): Fault[] {
  const path = [...parents, error.property];
  const own = Object.values(error.constraints ?? {}).map((message) => fault(path, message));
  return [...own, ...(error.children ?? []).flatMap((child) => faultsOf(child, path))];
}
