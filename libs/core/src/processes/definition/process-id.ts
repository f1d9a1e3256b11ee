import { CatgaError } from '../../foundation/index.js';
import type { Type } from '../../messages/index.js';
import { readProcessId } from '../decorators/process-id.decorator.js';

/** A command from which no id of a run can be made. HTTP 422. */
export class ProcessIdError extends CatgaError {
  readonly code = 'CATGA_PROCESS_ID';
  readonly kind = 'request';
  constructor(process: string, command: string, reason: string, advice: string) {
    super(`${process} cannot be started: ${command} ${reason}. ${advice}`, { details: { process, command } });
  }
}

/**
 * How a process makes its id from a command: `@ProcessId`, else the command's `id`, else its first own string property
 * whose name ends in `Id`. The function throws a {@link ProcessIdError}.
 */
export function idFunctionOf(target: Type<object>, process: string, commandName: string): (command: object) => string {
  const source = readProcessId(target);
  if (source === undefined) return (command) => idByConvention(command, process, commandName);
  const prototype = target.prototype as Record<string, (command: object) => unknown>;
  return (command) => {
    const id = typeof source === 'function' ? source(command) : prototype[source]?.(command);
    if (isUsable(id)) return String(id);
    throw new ProcessIdError(
      process,
      commandName,
      `gives ${describe(id)} as its id`,
      'Let the function of @ProcessId return a text that is not empty, or a number.',
    );
  };
}

function idByConvention(command: object, process: string, commandName: string): string {
  const own = (command as { id?: unknown }).id;
  if (own !== undefined && own !== null) return usable('id', own, process, commandName);
  // Not Object.entries: every start of a process comes by here, and that makes an array for each property.
  for (const key in command) {
    if (!key.endsWith('Id') || !Object.hasOwn(command, key)) continue;
    const value: unknown = (command as Record<string, unknown>)[key];
    if (typeof value === 'string') return usable(key, value, process, commandName);
  }
  throw new ProcessIdError(
    process,
    commandName,
    'has neither an "id" nor a string property whose name ends in "Id"',
    'Give it one, decorate the process with @ProcessId((command) => …), or start it with { id }.',
  );
}

/** An empty id is a mistake of the caller; the next property would be another thing's id. */
function usable(key: string, id: unknown, process: string, commandName: string): string {
  if (isUsable(id)) return String(id);
  throw new ProcessIdError(
    process,
    commandName,
    `has ${describe(id)} as "${key}", which makes no id`,
    'Set it to a text that is not empty, decorate the process with @ProcessId((command) => …), or start it with { id }.',
  );
}

function isUsable(id: unknown): id is string | number | bigint {
  return (
    (typeof id === 'string' && id !== '') || (typeof id === 'number' && Number.isFinite(id)) || typeof id === 'bigint'
  );
}

function describe(value: unknown): string {
  if (value === '') return 'an empty text';
  return typeof value === 'object' && value !== null ? 'an object' : String(value as number | undefined);
}
