export type {
  MessageDeadLetter,
  MessageDeadLetterPage,
  MessageDeadLetterQuery,
  MessageDeadLetters,
} from './dead-letters.js';
export { describeHandlerError, isUnprocessable } from './handler-error.js';
export { MemoryBroker, type MemoryBrokerOptions } from './memory/memory-broker.js';
export { MemoryTransport, type MemoryTransportOptions } from './memory/memory-transport.js';
export { assertOutgoing, assertQoS, assertReply, contentSize, messageSize } from './outgoing.js';
export { assertSubject, assertSubscriptionName } from './subjects.js';
export { resolveSubscription, type SubscriptionSettings } from './subscription-settings.js';
export type { Consumer, MessageHandler, SubscriptionOptions, ConsumerStatus } from './subscription.js';
export {
  InvalidSubjectError,
  InvalidTransportMessageError,
  MessageTooLargeError,
  NoResponderError,
  RequestFailedError,
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
  type TransportStatus,
  type TransportWarning,
} from './transport.js';
