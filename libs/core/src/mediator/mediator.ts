import { messageName, type ResultOf, type SendOptions, type Type } from '../messages/index.js';
import { failure, success, type CatgaResult } from './catga-result.js';

/**
 * Sends commands and queries to their one handler and events to all of theirs. Inject it by this class.
 *
 * It is abstract and has no fields, so a unit test can stand in for it: `class FakeMediator extends Mediator` with
 * `send` and `publish`; the other methods are written on these two.
 *
 * @example
 * ```ts
 * const order = await this.mediator.send(new CreateOrder('42', items));   // typed by Command<OrderResult>
 * await this.mediator.publish(new OrderCreated('42'));                    // waits until every handler has run
 * ```
 */
export abstract class Mediator {
  /**
   * Sends a command or query and answers with the handler's result. Never throws synchronously.
   *
   * @throws {HandlerNotFoundError} nobody handles the message
   * @throws {MediatorClosedError} the application shuts down
   * @throws whatever the handler or a behaviour throws, as it is
   */
  abstract send<M extends object>(message: M, options?: SendOptions): Promise<ResultOf<M>>;

  /**
   * Publishes one or more events and waits until every handler has run. Handlers of one event run side by side, events
   * of a list one after the other. An event without handlers is fine.
   *
   * @throws {EventPublishError} handlers failed; the others have run all the same
   * @throws {MediatorClosedError} the application shuts down
   */
  abstract publish(events: object | readonly object[], options?: SendOptions): Promise<void>;

  /** Readable alias of {@link send}. */
  query<M extends object>(query: M, options?: SendOptions): Promise<ResultOf<M>> {
    return this.send(query, options);
  }

  /** {@link send} that answers with a {@link CatgaResult} instead of throwing. */
  trySend<M extends object>(message: M, options?: SendOptions): Promise<CatgaResult<ResultOf<M>>> {
    return this.send(message, options).then(success<ResultOf<M>>, (error: unknown) => failure(error, nameOf(message)));
  }

  /**
   * A mediator whose messages get these options where the caller gives none. Cheap: one small object.
   *
   * @param defaults called once for every message that is sent and every `publish`.
   */
  bind(defaults: () => SendOptions): Mediator {
    return new BoundMediator(this, defaults);
  }
}

/** Also for what is no message: then the error says so. */
function nameOf(message: object | null | undefined): string {
  return typeof message?.constructor === 'function' ? messageName(message.constructor as Type) : 'A message';
}

/** See {@link Mediator.bind}. */
class BoundMediator extends Mediator {
  constructor(
    private readonly target: Mediator,
    private readonly defaults: () => SendOptions,
  ) {
    super();
  }

  override send<M extends object>(message: M, options?: SendOptions): Promise<ResultOf<M>> {
    return this.target.send(message, mergeOptions(this.defaults(), options));
  }

  override publish(events: object | readonly object[], options?: SendOptions): Promise<void> {
    return this.target.publish(events, mergeOptions(this.defaults(), options));
  }
}

/** What the caller says wins, option by option; headers are put together. */
function mergeOptions(defaults: SendOptions, options: SendOptions | undefined): SendOptions {
  if (options === undefined) return defaults;
  const merged: Record<string, unknown> = { ...defaults };
  for (const [key, value] of Object.entries(options)) if (value !== undefined) merged[key] = value;
  if (defaults.headers && options.headers) merged['headers'] = { ...defaults.headers, ...options.headers };
  return merged;
}
