import { CatgaError } from '../foundation/index.js';

/** Two handler classes with one subscription: each would get half of the messages. Found at boot. */
export class DuplicateSubscriptionError extends CatgaError {
  readonly code = 'CATGA_SUBSCRIPTION_DUPLICATE';
  readonly kind = 'configuration';
  constructor(subscription: string, handlers: readonly string[]) {
    super(
      `Subscription "${subscription}" belongs to ${handlers.join(' and ')}, so each would get only some of its messages. Give each class a subscription of its own, or handle all events in one class.`,
      { details: { subscription, handlers } },
    );
  }
}

/** A decorator of messaging on a class that it says nothing about. Found at boot. */
export class MessagingDecoratorError extends CatgaError {
  readonly code = 'CATGA_MESSAGING_DECORATOR';
  readonly kind = 'configuration';
  constructor(decorator: string, className: string, problem: string) {
    super(`@${decorator} of ${className} cannot be used: ${problem}`, { details: { decorator, className } });
  }
}

/** A message class whose name the broker would keep, but that has only the name of its class. Found at boot. */
export class UnnamedMessageError extends CatgaError {
  readonly code = 'CATGA_UNNAMED_MESSAGE';
  readonly kind = 'configuration';
  constructor(className: string, transport: string) {
    super(
      `${className} goes through transport "${transport}" under the name of its class, which changes when it is renamed or minified. Give it a name with @Event('…') or @MessageName('…').`,
      { details: { className, transport } },
    );
  }
}

/** A request came in a version or codec that this node does not read, or cannot be decoded. Nothing was handled. */
export class UnreadableRequestError extends CatgaError {
  readonly code = 'CATGA_UNREADABLE_REQUEST';
  readonly kind = 'request';
  constructor(subject: string, reason: string, options?: ErrorOptions) {
    super(`The request for "${subject}" cannot be read: ${reason}.`, { ...options, details: { subject, reason } });
  }
}

/** The answer came, but it cannot be read. The request was handled: do not repeat it without an idempotency key. */
export class UnreadableReplyError extends CatgaError {
  readonly code = 'CATGA_UNREADABLE_REPLY';
  readonly kind = 'internal';
  constructor(message: string, node: string | undefined, reason: string, options?: ErrorOptions) {
    super(
      `${message} was handled${node === undefined ? '' : ` by ${node}`}, but its answer cannot be read: ${reason}. Use the same codec on all nodes.`,
      { ...options, details: { message, node, reason } },
    );
  }
}

/** The claim of an inbox entry was lost: the message may have been handled by another member too. */
export class InboxClaimLostError extends CatgaError {
  readonly code = 'CATGA_INBOX_CLAIM_LOST';
  readonly kind = 'infrastructure';
  constructor(subscription: string, messageId: string) {
    super(
      `The inbox entry of message ${messageId} in subscription "${subscription}" belongs to somebody else now: this handler was silent for longer than messaging.inbox.lease. Nothing was committed; the message is tried again.`,
      { details: { subscription, messageId } },
    );
  }
}
