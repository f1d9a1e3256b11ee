export { Command, Query, type Request, type ResultOf, type Type } from './command.js';
export type { HandlerContext, MessageContext, MessageDelivery, SendOptions } from './message-context.js';
export {
  Event,
  InvalidMessageNameError,
  messageIdentity,
  MessageName,
  messageName,
  type MessageIdentity,
  type MessageNameOptions,
} from './message-name.js';
export { messageSchema, type MessageWithSchema } from './message-schema.js';
