export type {
  MessageDeadLetter,
  MessageDeadLetterPage,
  MessageDeadLetterQuery,
  MessageDeadLetters,
} from './dead-letters.js';
export { assertSubject, assertSubscriptionName } from './subjects.js';
export type { Consumer, MessageHandler, SubscriptionOptions, ConsumerStatus } from './subscription.js';
export {
  InvalidSubjectError,
  MessageTooLargeError,
  NoResponderError,
  RequestTimeoutError,
  TransportUnavailableError,
  UnprocessableMessageError,
  UnsupportedQoSError,
  type TransportUnavailableReason,
} from './transport.errors.js';
export type { IncomingMessage, QoS, Reply, TransportMessage } from './transport-message.js';
export {
  Transport,
  type PublishOptions,
  type RequestHandler,
  type RequestOptions,
  type Responder,
  type TransportCapabilities,
  type TransportWarning,
} from './transport.js';
