import type { HandlerContext, MessageContext, MessageDelivery, ResultOf, SendOptions } from '../../messages/index.js';

/** What a scope needs of the mediator that made it. */
export interface ScopeOrigin {
  /** Aborted when handlers that still run have to give up; the signal of messages that were sent without one. */
  readonly shutdownSignal: AbortSignal;
  nextMessageId(): string;
  dispatch(message: object, options: SendOptions | undefined, parent: HandlerContext): Promise<unknown>;
  publishIn(
    events: object | readonly object[],
    options: SendOptions | undefined,
    parent: HandlerContext,
  ): Promise<void>;
}

const NO_HEADERS: Readonly<Record<string, string>> = Object.freeze({});

/**
 * The context of one message. Everything is worked out when it is asked for: most handlers read little of it, so
 * making one costs a single small object.
 */
export class MessageScope implements HandlerContext {
  private id: string | undefined;
  private mergedHeaders: Readonly<Record<string, string>> | undefined;
  private original: MessageScope | undefined;
  private ownSignal: AbortSignal | (() => AbortSignal) | undefined;

  constructor(
    private readonly origin: ScopeOrigin,
    private readonly options: SendOptions | undefined,
    private readonly parent: MessageContext | undefined,
  ) {}

  get messageId(): string {
    return (this.id ??= this.options?.messageId ?? this.origin.nextMessageId());
  }

  get correlationId(): string {
    return this.options?.correlationId ?? this.parent?.correlationId ?? this.messageId;
  }

  get causationId(): string | undefined {
    return this.options?.causationId ?? this.parent?.messageId;
  }

  get tenant(): string | undefined {
    return this.options?.tenant ?? this.parent?.tenant;
  }

  get traceparent(): string | undefined {
    return this.options?.traceparent ?? this.parent?.traceparent;
  }

  get idempotencyKey(): string | undefined {
    return this.options?.idempotencyKey;
  }

  get delivery(): MessageDelivery | undefined {
    return this.options?.delivery;
  }

  get signal(): AbortSignal {
    if (this.ownSignal === undefined) {
      return this.options?.signal ?? this.parent?.signal ?? this.origin.shutdownSignal;
    }
    if (typeof this.ownSignal === 'function') this.ownSignal = this.ownSignal();
    return this.ownSignal;
  }

  get headers(): Readonly<Record<string, string>> {
    return (this.mergedHeaders ??= mergeHeaders(this.parent?.headers, this.options?.headers));
  }

  /** The scope as the mediator made it, before any {@link withSignal}. */
  get root(): MessageScope {
    return this.original ?? this;
  }

  /** See `SendOptions.request`. */
  get request(): object | undefined {
    return this.options?.request ?? (this.parent instanceof MessageScope ? this.parent.request : undefined);
  }

  send<M extends object>(message: M, options?: SendOptions): Promise<ResultOf<M>> {
    return this.origin.dispatch(message, options, this) as Promise<ResultOf<M>>;
  }

  query<M extends object>(query: M, options?: SendOptions): Promise<ResultOf<M>> {
    return this.send(query, options);
  }

  publish(events: object | readonly object[], options?: SendOptions): Promise<void> {
    return this.origin.publishIn(events, options, this);
  }

  withSignal(signal: AbortSignal | (() => AbortSignal)): HandlerContext {
    const scope = new MessageScope(this.origin, this.options, this.parent);
    scope.id = this.messageId;
    scope.original = this.root;
    scope.ownSignal = signal;
    return scope;
  }

  /** What a log shows: the values, not the machinery. */
  toJSON(): object {
    const { messageId, correlationId, causationId, tenant, traceparent, idempotencyKey, headers } = this;
    return { messageId, correlationId, causationId, tenant, traceparent, idempotencyKey, headers };
  }
}

function mergeHeaders(
  carried: Readonly<Record<string, string>> | undefined,
  own: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string>> {
  if (carried === undefined) return own ?? NO_HEADERS;
  return own === undefined ? carried : { ...carried, ...own };
}
