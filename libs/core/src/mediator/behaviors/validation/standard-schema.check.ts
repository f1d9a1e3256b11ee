import type { StandardSchemaV1 } from '@standard-schema/spec';
import { chain, fault } from '../../../foundation/index.js';
import { MessageInvalidError, type MessageCheck } from './message-check.js';

/** Checks against the `static schema` of the message class. */
export function standardSchemaCheck(schema: StandardSchemaV1, name: string): MessageCheck {
  return (message) =>
    chain(schema['~standard'].validate(message), (result) => {
      if (result.issues === undefined) return withOutput(message, result.value);
      throw new MessageInvalidError(
        name,
        result.issues.map((issue) => fault((issue.path ?? []).map(segmentOf), issue.message)),
      );
    });
}

function segmentOf(segment: PropertyKey | StandardSchemaV1.PathSegment): PropertyKey {
  return typeof segment === 'object' ? segment.key : segment;
}

/**
 * Schemas give back plain objects, with defaults filled in and texts converted. Handlers expect an instance of the
 * message class, so what the schema has changed goes into a copy of the message; the sender's own object stays as it is.
 */
function withOutput(message: object, output: unknown): object {
  if (typeof output !== 'object' || output === null || output === message) return message;
  const before = message as Record<string, unknown>;
  const isChanged = Object.entries(output).some(([key, value]) => isNew(before[key], value));
  if (!isChanged) return message;
  return Object.assign(Object.create(Object.getPrototypeOf(message) as object) as object, message, output);
}

/** Schemas copy nested objects and arrays as well: those count as changed only when their content is. */
function isNew(before: unknown, after: unknown): boolean {
  if (Object.is(before, after)) return false;
  if (typeof before !== 'object' || typeof after !== 'object' || before === null || after === null) return true;
  if (Object.getPrototypeOf(before) !== Object.getPrototypeOf(after)) return true;
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  if (before instanceof Date) return before.getTime() !== (after as Date).getTime();
  // Two empty ones are alike; but a Map or Set has no keys either and may still differ.
  if (keys.size === 0) return !Array.isArray(before) && Object.getPrototypeOf(before) !== Object.prototype;
  return [...keys].some((key) =>
    isNew((before as Record<string, unknown>)[key], (after as Record<string, unknown>)[key]),
  );
}
