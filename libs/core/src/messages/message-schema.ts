import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Type } from './command.js';

/**
 * A message class that says what its instances must look like, in any library that speaks Standard Schema (zod,
 * valibot, arktype, …).
 *
 * @example
 * ```ts
 * class CreateOrder extends Command<string> {
 *   static readonly schema = z.object({ orderId: z.string().min(1), amount: z.number().positive() });
 *   constructor(readonly orderId: string, readonly amount: number) { super(); }
 * }
 * ```
 */
export interface MessageWithSchema {
  readonly schema: StandardSchemaV1;
}

/** The schema of a message class; undefined when `static schema` is missing or is no Standard Schema. */
export function messageSchema(type: Type): StandardSchemaV1 | undefined {
  const schema = (type as Partial<MessageWithSchema>).schema;
  // Some libraries' schemas are functions.
  if (schema === null || (typeof schema !== 'object' && typeof schema !== 'function')) return undefined;
  return typeof schema['~standard']?.validate === 'function' ? schema : undefined;
}
