import type { Type } from '../../messages/index.js';

const REMOTE = Symbol.for('catga:remote-handler');

/**
 * Lets other nodes send to this command or query handler: `mediator.send` of a node without a handler of its own finds
 * it through the transport. The nodes that have it share the requests.
 *
 * @example
 * ```ts
 * @Remote()
 * @CommandHandler(ReserveStock)
 * export class ReserveStockHandler { async execute(command: ReserveStock) { … } }
 * ```
 */
export function Remote(): ClassDecorator {
  return (target) => {
    Object.defineProperty(target, REMOTE, { value: true });
  };
}

/** True for classes with {@link Remote} of their own. */
export function isRemote(type: Type): boolean {
  return Object.hasOwn(type, REMOTE);
}
