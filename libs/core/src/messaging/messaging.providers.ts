import type { InjectionToken, Provider } from '@nestjs/common';
import { EventLog, EventRegistry } from '../event-sourcing/index.js';
import { HandlerRegistry, MediatorEngine } from '../mediator/index.js';
import { Store, type Codec } from '../store/index.js';
import { Transport } from '../transport/index.js';
import { Inbox } from './inbox/inbox.js';
import { MessageBus } from './message-bus.js';
import { MessageDeadLetterService } from './message-dead-letter.service.js';
import { MessagingHost } from './messaging.host.js';
import type { ResolvedMessagingOptions } from './messaging.options.js';
import { OutboxParticipant } from './outbox/outbox-participant.js';
import { OutboxRelay } from './outbox/outbox-relay.js';
import { Outbox } from './outbox/outbox.js';

/** Where the providers of messaging find what they are made of. */
export interface MessagingTokens<Options> {
  readonly options: InjectionToken;
  readonly codec: InjectionToken;
  /** Whatever handlers may use: started before the intake of messages begins, shut down after it has ended. */
  readonly after: readonly InjectionToken[];
  readonly settings: (options: Options) => { readonly messaging: ResolvedMessagingOptions; readonly drain: number };
}

/** The providers of messaging for one application. */
export function messagingProviders<Options>({ options, codec, after, settings }: MessagingTokens<Options>): Provider[] {
  return [
    {
      provide: Inbox,
      inject: [Store, options],
      useFactory: (store: Store, all: Options) => new Inbox(store, settings(all).messaging.inbox),
    },
    {
      provide: MessageBus,
      inject: [Transport, EventRegistry, codec, options],
      useFactory: (transport: Transport, registry: EventRegistry, own: Codec, all: Options) =>
        new MessageBus(transport, registry, own.name, settings(all).messaging.qos),
    },
    {
      provide: Outbox,
      inject: [Store, MessageBus, OutboxRelay],
      useFactory: (store: Store, bus: MessageBus, relay: OutboxRelay) => new Outbox(store, bus, relay),
    },
    {
      provide: OutboxRelay,
      inject: [Store, Transport, MessageBus, EventLog, EventRegistry, options],
      useFactory: (
        store: Store,
        transport: Transport,
        bus: MessageBus,
        log: EventLog,
        registry: EventRegistry,
        all: Options,
      ) => {
        const { outbox } = settings(all).messaging;
        const relay = new OutboxRelay(store, transport, outbox);
        // Every append pays for a participant that is there, so there is none without need.
        if (outbox.events.length > 0) {
          log.addParticipant(new OutboxParticipant(bus, registry, outbox.events));
          relay.expect();
        }
        return relay;
      },
    },
    {
      provide: MessagingHost,
      inject: [MediatorEngine, HandlerRegistry, EventRegistry, Transport, codec, Inbox, options, ...after],
      useFactory: (
        engine: MediatorEngine,
        handlers: HandlerRegistry,
        registry: EventRegistry,
        transport: Transport,
        own: Codec,
        inbox: Inbox,
        all: Options,
      ) => {
        const { messaging, drain } = settings(all);
        return new MessagingHost({
          engine,
          handlers,
          registry,
          transport,
          codec: own,
          inbox,
          options: messaging,
          drain,
        });
      },
    },
    {
      provide: MessageDeadLetterService,
      inject: [Transport, MessagingHost],
      useFactory: (transport: Transport, host: MessagingHost) =>
        new MessageDeadLetterService(transport, () => host.subscriptions),
    },
  ];
}
