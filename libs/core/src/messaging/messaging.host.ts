import {
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { uuidv7 } from '../ids/index.js';
import type { EventRegistry } from '../event-sourcing/index.js';
import type { HandlerRegistry, MediatorEngine } from '../mediator/index.js';
import type { Type } from '../messages/index.js';
import type { Codec } from '../store/index.js';
import type { Consumer, ConsumerStatus, Responder, Transport } from '../transport/index.js';
import { MessageConsumer } from './delivery/message-consumer.js';
import { planSubscriptions } from './delivery/subscription-plan.js';
import type { Inbox } from './inbox/inbox.js';
import type { ResolvedMessagingOptions } from './messaging.options.js';
import { RemoteCaller } from './remote/remote-caller.js';
import { planResponders } from './remote/responder-plan.js';
import { CANCEL_SUBJECT, RequestCancellation } from './remote/request-cancellation.js';
import { RequestResponder } from './remote/request-responder.js';

/** What the host is made of. */
export interface MessagingHostParts {
  readonly engine: MediatorEngine;
  readonly handlers: HandlerRegistry;
  readonly registry: EventRegistry;
  readonly transport: Transport;
  readonly codec: Codec;
  readonly inbox: Inbox;
  readonly options: ResolvedMessagingOptions;
  /** Milliseconds that handlers under way get at shutdown. */
  readonly drain: number;
}

/**
 * Messages in Nest's lifecycle: everything is checked before anything starts, intake begins when the application is
 * ready and ends first, and handlers under way are waited for before the mediator closes.
 */
export class MessagingHost implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy, BeforeApplicationShutdown {
  private readonly logger = new Logger('Messaging');
  private readonly cancellation = new RequestCancellation();
  private plannedConsumers: readonly MessageConsumer[] = [];
  private plannedResponders: readonly RequestResponder[] = [];
  private readonly consumers: Consumer[] = [];
  /** Hears which requests need no answer any more. */
  private canceller: Consumer | undefined;
  private readonly responders: Responder[] = [];
  private stopping: Promise<unknown> | undefined;

  constructor(private readonly parts: MessagingHostParts) {}

  /** Names of the subscriptions of this application. */
  get subscriptions(): readonly string[] {
    return this.plannedConsumers.map(({ options }) => options.name);
  }

  /** What the subscriptions do on this node. */
  status(): Promise<readonly ConsumerStatus[]> {
    return Promise.all(this.consumers.map((consumer) => consumer.status()));
  }

  /**
   * This node's part in a subscription, e.g. to pause it; undefined when the application has none of that name, or this
   * node does not work on it.
   */
  consumer(subscription: string): Consumer | undefined {
    return this.consumers.find(({ name }) => name === subscription);
  }

  onModuleInit(): void {
    const { engine, handlers, registry, transport, codec, inbox, options } = this.parts;
    engine.useRemote(new RemoteCaller(transport, codec, options.requestTimeout));
    const parts = { engine, registry, inbox, codecName: codec.name };
    this.plannedConsumers = planSubscriptions(handlers.subscribers, options, transport.capabilities).map(
      (plan) => new MessageConsumer(parts, plan),
    );
    for (const { messageType } of handlers.subscribers) registry.register(messageType as Type<object>);
    this.plannedResponders = planResponders(handlers.list()).map(
      (entry) => new RequestResponder(engine, codec, this.cancellation, entry),
    );
  }

  async onApplicationBootstrap(): Promise<void> {
    if (!this.parts.options.consume) return;
    await this.respond();
    const { transport } = this.parts;
    for (const planned of this.plannedConsumers) {
      const consumer = await transport.subscribe(planned.options, (message, signal) => planned.handle(message, signal));
      this.consumers.push(consumer);
    }
    if (this.consumers.length + this.responders.length === 0) return;
    this.logger.log(
      `Subscriptions: ${this.subscriptions.join(', ') || 'none'}. Answers to other nodes: ${this.plannedResponders.map(({ subject }) => subject).join(', ') || 'none'}.`,
    );
  }

  onModuleDestroy(): void {
    const ends = [...this.consumers, ...this.responders].map((part) => part.stop());
    this.stopping = Promise.allSettled(ends).then(() => this.canceller?.stop());
  }

  /** Handlers that take longer are aborted when the transport closes, and their messages go to other nodes. */
  async beforeApplicationShutdown(): Promise<void> {
    const { drain } = this.parts;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<true>((resolve) => (timer = setTimeout(resolve, drain, true)));
    const isLate = await Promise.race([this.stopping, late]);
    clearTimeout(timer);
    if (isLate === true) {
      this.logger.warn(
        `Handlers of messages still ran after ${drain} ms. Give them more time with mediator.drainTimeout.`,
      );
    }
  }

  private async respond(): Promise<void> {
    const { transport } = this.parts;
    if (this.plannedResponders.length === 0) return;
    if (transport.capabilities.qos.includes(0)) {
      // A group of its own for each node, so that each hears all of them.
      const options = { name: `catga-cancel-${uuidv7()}`, subjects: [CANCEL_SUBJECT], qos: 0 as const };
      this.canceller = await transport.subscribe(options, (message) => this.cancellation.cancel(message));
    }
    for (const planned of this.plannedResponders) {
      const responder = await transport.respond(planned.subject, (request, signal) => planned.respond(request, signal));
      this.responders.push(responder);
    }
  }
}
