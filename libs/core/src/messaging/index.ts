export { EventDelivery, type EventDeliveryOptions } from './delivery/event-delivery.decorator.js';
export { Subscribe } from './delivery/subscribe.decorator.js';
export { resolveTuning, type SubscriptionTuning } from './delivery/subscription-tuning.js';
export { Inbox } from './inbox/inbox.js';
export { MessageBus, type PublishMessageOptions } from './message-bus.js';
export { MessageDeadLetterService } from './message-dead-letter.service.js';
export { HEADERS } from './message-headers.js';
export { escapeName, eventSubject, requestSubject } from './message-subjects.js';
export {
  DuplicateSubscriptionError,
  InboxClaimLostError,
  MessagingDecoratorError,
  UnnamedMessageError,
  UnreadableReplyError,
  UnreadableRequestError,
} from './messaging.errors.js';
export { MessagingHost, type MessagingHostParts } from './messaging.host.js';
export {
  resolveMessagingOptions,
  type InboxOptions,
  type MessagingOptions,
  type OutboxOptions,
  type ResolvedMessagingOptions,
} from './messaging.options.js';
export { Remote } from './remote/remote.decorator.js';
export { messagingProviders, type MessagingTokens } from './messaging.providers.js';
export { Outbox, type OutboxPublishOptions } from './outbox/outbox.js';
