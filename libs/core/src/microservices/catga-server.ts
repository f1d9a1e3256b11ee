import {
  Server,
  type BaseRpcContext,
  type CustomTransportStrategy,
  type MsPattern,
  type ReadPacket,
} from '@nestjs/microservices';
import { EventEmitter } from 'node:events';
import { assertKnownOptions, InvalidOptionError } from '../foundation/index.js';
import type { Consumer, Responder, SubscriptionOptions, Transport } from '../transport/index.js';
import { EventRunner } from './event-runner.js';
import { settled } from './handler-result.js';
import { NotListeningError } from './microservice.errors.js';
import {
  assertTransport,
  SERVER_OPTIONS,
  toServerSettings,
  type ServerOptions,
  type ServerSettings,
} from './microservice.options.js';
import { rememberOriginalErrors } from './original-error.js';
import { PatternTable, type EventSubscription, type PatternHandler } from './pattern-table.js';
import { subscriptionName } from './pattern-subjects.js';
import { ProcessingHooks } from './processing-hooks.js';
import { RequestRunner } from './request-runner.js';
import { within } from './within.js';
import { usable, watch, type CatgaEvents, type CatgaStatus } from './transport-use.js';

/** Options of {@link CatgaServer}. */
export interface CatgaServerOptions extends ServerOptions {
  /** Carries the messages. The strategy opens it; whoever made it closes it. */
  readonly transport: Transport;
}

/** What a strategy of a broker's package adds to {@link CatgaServer}. */
export interface StrategyTraits {
  /** Names the strategy in errors. */
  readonly name: string;
  readonly transportId: symbol;
  /** The transport was made for this strategy, which closes it. */
  readonly ownsTransport: boolean;
}

/** The second argument of `@EventPattern` and `@MessagePattern` for methods that only this strategy is to have. */
export const CATGA_STRATEGY = Symbol.for('catga:strategy');

/**
 * Nest microservice over any {@link Transport}: methods with `@EventPattern` get their events at least once, a failed one
 * is tried again and then becomes a dead letter; methods with `@MessagePattern` answer requests, with several values if
 * they return an observable of several.
 *
 * @example
 * ```ts
 * app.connectMicroservice({ strategy: new CatgaServer({ transport: app.get(Transport), group: 'billing' }) });
 * await app.startAllMicroservices();
 * ```
 */
export class CatgaServer extends Server<CatgaEvents, CatgaStatus> implements CustomTransportStrategy {
  override readonly transportId: symbol;
  // Failures go to the transport, which tries again; Nest need not say that nobody looks at them.
  override readonly propagatesEventHandlerErrors = true;
  private readonly traits: StrategyTraits;
  private readonly settings: ServerSettings;
  private readonly transport: Transport;
  private readonly table = new PatternTable();
  private readonly emitter = new EventEmitter();
  private readonly hooks: ProcessingHooks;
  private readonly eventRunner: EventRunner;
  private requests: RequestRunner | undefined;
  private parts: (Consumer | Responder)[] = [];
  private unwatch: (() => void) | undefined;
  private starting: Promise<void> | undefined;
  private closing: Promise<void> | undefined;

  /** @throws {InvalidOptionError} @throws {UnknownOptionError} @throws {InvalidSubjectError} */
  constructor(options: CatgaServerOptions, traits: Partial<StrategyTraits> = {}) {
    super();
    this.traits = { name: 'CatgaServer', transportId: CATGA_STRATEGY, ownsTransport: false, ...traits };
    const { name, transportId } = this.traits;
    assertKnownOptions(name, options, [...SERVER_OPTIONS, 'transport']);
    assertTransport(name, options.transport);
    this.transportId = transportId;
    this.transport = options.transport;
    this.settings = toServerSettings(name, options);
    this.hooks = new ProcessingHooks((context, work) => this.runWithProcessingHooks(context, work), this.logger);
    this.eventRunner = new EventRunner(this.hooks, this.settings, this.logger);
  }

  /** Called by Nest for every method. @throws {DuplicateMessagePatternError} @throws {UnknownOptionError} */
  override addHandler(
    pattern: unknown,
    callback: PatternHandler,
    isEventHandler = false,
    extras: Record<string, unknown> = {},
  ): void {
    const route = this.normalizePattern(pattern as string);
    this.table.add(pattern, route, callback, isEventHandler, extras);
    callback.isEventHandler = isEventHandler;
    callback.extras = extras;
    if (!this.messageHandlers.has(route)) this.messageHandlers.set(route, callback);
  }

  /** Called by Nest; tells the callback what is wrong, or that messages flow. */
  async listen(callback: (error?: unknown) => void): Promise<void> {
    try {
      await (this.starting = this.start());
    } catch (error) {
      await this.close().catch((cause: unknown) => this.logger.error(cause));
      callback(error);
      return;
    }
    callback();
  }

  /**
   * Takes nothing more, waits for methods under way and acknowledges what they have done, then closes the transport if
   * it is its own. What was not begun goes to other nodes.
   */
  close(): Promise<void> {
    this.closing ??= this.end().finally(() => (this.closing = undefined));
    return this.closing;
  }

  /** `connect`, `disconnect` and `error`, when the connection to the broker comes, goes, and why. */
  override on<K extends keyof CatgaEvents>(event: K, callback: CatgaEvents[K]): this {
    this.emitter.on(event, callback);
    return this;
  }

  /** The transport, as what it is: `server.unwrap<RedisTransport>()`. @throws {NotListeningError} */
  override unwrap<T = Transport>(): T {
    if (this.requests === undefined) throw new NotListeningError(this.traits.name);
    return this.transport as T;
  }

  /**
   * Name of the subscription of a pattern (or of the one that its `@EventPattern` names): dead letters are listed by it.
   *
   * @example `await server.unwrap<Transport>().deadLetters.list({ subscription: server.subscriptionOf('order-placed') })`
   */
  subscriptionOf(pattern: MsPattern): string {
    return subscriptionName(this.settings.group, this.normalizePattern(pattern));
  }

  /** Runs the methods for an event as if it had come by the transport, and fails when one of them does. */
  override async handleEvent(pattern: string, packet: ReadPacket, context: BaseRpcContext): Promise<void> {
    const handler = this.getHandlerByPattern(pattern);
    if (handler === null) return;
    const { signal } = new AbortController();
    await this.hooks.run(context, () => settled(handler(packet.data, context), signal));
  }

  private async start(): Promise<void> {
    await this.closing;
    this.table.check();
    const subscriptions = this.table.subscriptions(this.settings.group, this.settings.events);
    for (const { options } of subscriptions) this.assertInbox(options);
    await rememberOriginalErrors();
    await usable(this.transport, this.traits.ownsTransport);
    const requests = new RequestRunner(this.hooks, this.settings.codec, this.transport);
    this.requests = requests;
    this.unwatch = watch(this.transport, this._status$, this.emitter);
    const answers = this.table
      .requests()
      .map(async (route) =>
        this.parts.push(
          await this.transport.respond(route.subject, (...request) => requests.answer(route, ...request)),
        ),
      );
    const events = subscriptions.map(async (subscription) => this.parts.push(await this.subscribe(subscription)));
    // All of them, so that none is left behind when one fails.
    const failed = (await Promise.allSettled([...answers, ...events])).find(({ status }) => status === 'rejected');
    if (failed !== undefined) throw (failed as PromiseRejectedResult).reason as Error;
  }

  private assertInbox({ name, qos }: SubscriptionOptions): void {
    if (qos !== 2 || this.settings.inbox !== undefined) return;
    throw new InvalidOptionError(
      `subscription "${name}".qos`,
      qos,
      `0 or 1, or give ${this.traits.name} an inbox, e.g. inbox: app.get(Inbox): without one an event may have its effect twice`,
    );
  }

  private subscribe({ options, routes }: EventSubscription): Promise<Consumer> {
    return this.transport.subscribe(options, (message, signal) =>
      this.eventRunner.run(options, routes.get(message.subject), message, signal),
    );
  }

  private async end(): Promise<void> {
    // What is still being subscribed would otherwise stay.
    await this.starting?.catch(() => undefined);
    const { parts, requests } = this;
    if (requests === undefined) return;
    this.parts = [];
    const drained = Promise.allSettled([...parts.map((part) => part.stop()), requests.finished()]);
    await within(drained, this.settings.drainTimeout);
    await requests.close();
    this.requests = undefined;
    this.unwatch?.();
    if (this.traits.ownsTransport) await this.transport.close();
    this._status$.next('closed');
  }
}
