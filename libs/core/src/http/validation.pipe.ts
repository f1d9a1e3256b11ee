import { Injectable, type ArgumentMetadata, type PipeTransform } from '@nestjs/common';
import { messageSchema, type Type } from '../messages/index.js';
import { bindBody, validateWithSchema } from './body-validation.js';
import { hasDecoratorRules } from './class-validation.js';
import { InvalidBodyError, InvalidQueryError } from './http.errors.js';

const PLAIN: ReadonlySet<unknown> = new Set([Object, String, Number, Boolean, Array, Date, undefined]);

/**
 * Checks what comes in against its class, as the process endpoints do: `static schema` or `@Body({ schema })` with a
 * Standard Schema, then class-validator. A body becomes an instance of its class; faults give 422 with the path of
 * each, in a query or parameter 400. Classes without rules are left as they come.
 *
 * @example `app.useGlobalPipes(new CatgaValidationPipe())`, with {@link CatgaProblemFilter} for the answer
 * @throws {InvalidBodyError} {@link InvalidQueryError}
 */
@Injectable()
export class CatgaValidationPipe implements PipeTransform {
  async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    if (metadata.type === 'custom') return value;
    try {
      return await check(value, metadata);
    } catch (error) {
      if (metadata.type === 'body' || !(error instanceof InvalidBodyError)) throw error;
      throw new InvalidQueryError(error.faults);
    }
  }
}

async function check(value: unknown, { schema, metatype, data }: ArgumentMetadata): Promise<unknown> {
  if (schema) {
    const outcome = await validateWithSchema(schema, value);
    if (outcome.faults) throw new InvalidBodyError(data ?? 'value', outcome.faults);
    return outcome.value;
  }
  if (PLAIN.has(metatype)) return value;
  const target = metatype as Type<object>;
  return messageSchema(target) || (await hasDecoratorRules(target)) ? bindBody(target, value) : value;
}
