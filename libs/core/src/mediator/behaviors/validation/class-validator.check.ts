import type { ValidationError } from 'class-validator';
import { fault, optionalImport, type Fault } from '../../../foundation/index.js';
import type { Type } from '../../../messages/index.js';
import { MessageInvalidError, type MessageCheck } from './message-check.js';

const loadValidator = optionalImport(() => import('class-validator'));

/** Checks against class-validator's decorators; undefined when it is not installed or the class has none. */
export async function classValidatorCheck(type: Type, name: string): Promise<MessageCheck | undefined> {
  const validator = await loadValidator();
  if (validator === undefined) return undefined;
  const rules = validator.getMetadataStorage().getTargetValidationMetadatas(type, '', true, false);
  if (rules.length === 0) return undefined;
  return async (message) => {
    const errors = await validator.validate(message);
    if (errors.length > 0)
      throw new MessageInvalidError(
        name,
        errors.flatMap((error) => faultsOf(error, [])),
      );
    return message;
  };
}

function faultsOf(error: ValidationError, parents: readonly string[]): Fault[] {
  const path = [...parents, error.property];
  const own = Object.values(error.constraints ?? {}).map((text) => fault(path, text));
  return [...own, ...(error.children ?? []).flatMap((child) => faultsOf(child, path))];
}
