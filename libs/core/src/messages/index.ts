export { Command, Query, type Request, type ResultOf, type Type } from './command.js';
export type { MessageContext, SendOptions } from './message-context.js';
