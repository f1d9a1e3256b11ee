import type { Codec } from '../../store/index.js';

/**
 * An error as it goes to the caller: what the codec keeps of it (name, message, code, details, cause, own fields), or
 * only the text where the codec refuses one of its fields.
 */
export function encodeError(error: unknown, codec: Codec): string | Uint8Array {
  try {
    return codec.encode(error);
  } catch {
    const { name, message, stack, code } = error as { [field: string]: unknown };
    const plain = new Error(typeof message === 'string' ? message : 'The handler failed with what cannot be encoded.');
    if (typeof name === 'string') plain.name = name;
    if (typeof stack === 'string') plain.stack = stack;
    return codec.encode(typeof code === 'string' ? Object.assign(plain, { code }) : plain);
  }
}

/**
 * The error of another node as the caller throws it: the coded error it was, with the stack of the caller. Where it came
 * from is in its `details`: `remoteNode` and `remoteStack`.
 */
export function localError(error: unknown, node: string | undefined): unknown {
  if (!(error instanceof Error)) return error;
  const { stack: remoteStack, details } = error as Error & { details?: object };
  const local = new Error(error.message);
  hide(error, 'stack', local.stack?.replace(/^Error/, error.name));
  const from = { ...(node === undefined ? {} : { remoteNode: node }), remoteStack };
  Object.defineProperty(error, 'details', {
    value: { ...details, ...from },
    enumerable: details !== undefined,
    configurable: true,
    writable: true,
  });
  return error;
}

function hide(error: Error, key: string, value: unknown): void {
  Object.defineProperty(error, key, { value, enumerable: false, configurable: true, writable: true });
}
