import { CatgaError, type Fault } from '../../../foundation/index.js';

/** Checks a message; answers with the message to go on with, which may carry what a schema has changed. */
export type MessageCheck = (message: object) => object | Promise<object>;

/** A message is not what its class asks for. `faults` has the path of each fault. */
export class MessageInvalidError extends CatgaError {
  readonly code = 'CATGA_MESSAGE_INVALID';
  readonly kind = 'request';
  constructor(
    message: string,
    readonly faults: readonly Fault[],
  ) {
    const list = faults.map(({ path, message: text }) => (path === '' ? text : `${path}: ${text}`));
    super(`${message} is not valid: ${list.join('; ')}. Correct it and send it again.`, {
      details: { message, faults },
    });
  }
}
