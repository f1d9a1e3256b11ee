import type { Payload } from '../../store/index.js';
import type { Values } from '../journal/values.js';
import type { CompiledProcess } from './compiled-process.js';

/** A command as the journal keeps it: its fields, without its class, which the process knows. */
export function encodeCommand(values: Values, command: object): Payload {
  return values.encode(values.encoded ? { ...command } : command);
}

/** The command again, an instance of its class; its constructor is not called. */
export function decodeCommand(values: Values, process: CompiledProcess, payload: Payload): object {
  const fields = values.decode(payload);
  if (!values.encoded) return fields as object;
  return Object.assign(Object.create(process.blueprint.command.prototype as object) as object, fields);
}
