import type { Provider } from '@nestjs/common';
import { DiscoveryService, ModuleRef, ModulesContainer } from '@nestjs/core';
import { CatgaLifecycle } from './catga.lifecycle.js';
import { CATGA_MODULE_OPTIONS } from './catga.module-definition.js';
import { resolveCatgaOptions, type CatgaModuleOptions, type ResolvedCatgaOptions } from './catga.options.js';
import { CATGA_CODEC, CATGA_COORDINATION, CATGA_OPTIONS, CATGA_STORE, CATGA_TRANSPORT } from './catga.tokens.js';
import { coordinationProviders } from './coordination/index.js';
import { DuplicateStoreError, DuplicateTransportError } from './catga.errors.js';
import {
  aggregateProviders,
  EventLog,
  EventRegistry,
  EventSourcingHost,
  Privacy,
  SnapshotService,
} from './event-sourcing/index.js';
import { SnowflakeIds, WorkerIdHost } from './ids/index.js';
import {
  AmbientContext,
  HandlerRegistry,
  Mediator,
  MediatorEngine,
  MediatorMetrics,
  ValidationBehavior,
} from './mediator/index.js';
import { messagingProviders } from './messaging/index.js';
import { ProcessHost, processProviders } from './processes/index.js';
import { ProjectionHost, projectionProviders } from './projections/index.js';
import { StoreHost, TransportHost } from './resource-host.js';
import { RetryBehavior, TimeoutBehavior } from './resilience/index.js';
import { MemoryStore, Store, type Codec } from './store/index.js';
import { Transport } from './transport/index.js';

const storeProviders: Provider[] = [
  {
    provide: StoreHost,
    inject: [CATGA_OPTIONS, ModulesContainer, { token: CATGA_STORE, optional: true }],
    useFactory: (options: ResolvedCatgaOptions, modules: ModulesContainer, imported?: Store) => {
      const owners = ownersOf(modules, CATGA_STORE);
      if (owners.length > 1) throw new DuplicateStoreError(owners);
      if (imported !== undefined) return new StoreHost(imported);
      return new StoreHost(options.store instanceof Store ? options.store : new MemoryStore(options.store));
    },
  },
  { provide: Store, inject: [StoreHost], useFactory: (host: StoreHost) => host.resource },
];

const transportProviders: Provider[] = [
  {
    provide: TransportHost,
    inject: [CATGA_OPTIONS, ModulesContainer, { token: CATGA_TRANSPORT, optional: true }],
    useFactory: (options: ResolvedCatgaOptions, modules: ModulesContainer, imported?: Transport) => {
      const owners = ownersOf(modules, CATGA_TRANSPORT);
      if (owners.length > 1) throw new DuplicateTransportError(owners);
      return new TransportHost(imported ?? options.transport);
    },
  },
  { provide: Transport, inject: [TransportHost], useFactory: (host: TransportHost) => host.resource },
];

const idProviders: Provider[] = [
  {
    provide: SnowflakeIds,
    inject: [CATGA_OPTIONS],
    useFactory: (options: ResolvedCatgaOptions) => new SnowflakeIds(options.ids),
  },
  {
    provide: WorkerIdHost,
    inject: [SnowflakeIds, Store],
    useFactory: (ids: SnowflakeIds, store: Store) => new WorkerIdHost(ids, store),
  },
];

const eventSourcingProviders: Provider[] = [
  { provide: CATGA_CODEC, inject: [CATGA_OPTIONS], useFactory: (options: ResolvedCatgaOptions) => options.codec },
  {
    provide: EventRegistry,
    inject: [Store, CATGA_CODEC, CATGA_OPTIONS],
    useFactory: (store: Store, codec: Codec, options: ResolvedCatgaOptions) =>
      new EventRegistry(store, { codec, writeAs: options.eventSourcing.writeAs }),
  },
  {
    provide: EventLog,
    inject: [Store, EventRegistry],
    useFactory: (store: Store, registry: EventRegistry) => new EventLog(store, registry),
  },
  {
    provide: EventSourcingHost,
    inject: [DiscoveryService, EventRegistry, EventLog, CATGA_OPTIONS],
    useFactory: (discovery: DiscoveryService, registry: EventRegistry, log: EventLog, options: ResolvedCatgaOptions) =>
      new EventSourcingHost(discovery, registry, log, options.eventSourcing),
  },
  {
    provide: Privacy,
    inject: [EventLog, SnapshotService, CATGA_OPTIONS],
    useFactory: (log: EventLog, snapshots: SnapshotService, { eventSourcing }: ResolvedCatgaOptions) =>
      new Privacy({ log, snapshots, options: eventSourcing.privacy, writeAs: eventSourcing.writeAs }),
  },
  ...aggregateProviders<ResolvedCatgaOptions>(CATGA_OPTIONS, (options) => options.eventSourcing.snapshots),
];

const mediatorProviders: Provider[] = [
  MediatorMetrics,
  { provide: HandlerRegistry, useFactory: () => new HandlerRegistry() },
  {
    provide: AmbientContext,
    inject: [CATGA_OPTIONS],
    useFactory: (options: ResolvedCatgaOptions) => new AmbientContext(options.mediator.context),
  },
  {
    provide: MediatorEngine,
    inject: [DiscoveryService, ModulesContainer, ModuleRef, HandlerRegistry, AmbientContext, CATGA_OPTIONS],
    useFactory: (
      discovery: DiscoveryService,
      modules: ModulesContainer,
      moduleRef: ModuleRef,
      registry: HandlerRegistry,
      ambient: AmbientContext,
      options: ResolvedCatgaOptions,
    ) =>
      new MediatorEngine({ discovery, modules, moduleRef }, registry, ambient, {
        // Before the behaviours of single messages, which may begin transactions; after what logs and measures.
        outer: [...options.mediator.behaviors, ...(options.mediator.validation ? [ValidationBehavior] : [])],
        inner: [RetryBehavior.declared(), TimeoutBehavior.declared()],
      }),
  },
  { provide: Mediator, inject: [MediatorEngine], useFactory: (engine: MediatorEngine) => engine.mediator },
];

const foundationProviders: Provider[] = [
  {
    provide: CATGA_OPTIONS,
    inject: [CATGA_MODULE_OPTIONS],
    useFactory: (options: CatgaModuleOptions) => resolveCatgaOptions(options),
  },
  ...storeProviders,
  ...transportProviders,
  ...coordinationProviders<ResolvedCatgaOptions>({
    options: CATGA_OPTIONS,
    codec: CATGA_CODEC,
    place: CATGA_COORDINATION,
    settings: ({ coordination }) => coordination,
  }),
  ...idProviders,
  ...eventSourcingProviders,
  ...mediatorProviders,
  {
    provide: CatgaLifecycle,
    inject: [MediatorEngine, HandlerRegistry, Store, Transport, CATGA_OPTIONS, ModulesContainer],
    useFactory: (
      engine: MediatorEngine,
      registry: HandlerRegistry,
      store: Store,
      transport: Transport,
      options: ResolvedCatgaOptions,
      modules: ModulesContainer,
    ) => new CatgaLifecycle(engine, registry, { store, transport }, options, modules),
  },
];

// Depends on the lifecycle of the mediator, and on the upcasters: its methods need both while it works.
const projectionHostProvider: Provider = {
  provide: ProjectionHost,
  inject: [
    DiscoveryService,
    ModuleRef,
    Store,
    EventRegistry,
    EventLog,
    CATGA_CODEC,
    CATGA_OPTIONS,
    EventSourcingHost,
    CatgaLifecycle,
  ],
  useFactory: (
    discovery: DiscoveryService,
    moduleRef: ModuleRef,
    store: Store,
    registry: EventRegistry,
    log: EventLog,
    codec: Codec,
    options: ResolvedCatgaOptions,
  ) => new ProjectionHost({ discovery, moduleRef, store, registry, log, codec, settings: options.projections }),
};

// Depends on the lifecycle of the mediator, so that Nest shuts it down first: steps still need the handlers.
// And on projections: what runs append must find the inline ones at work.
const processHostProvider: Provider = {
  provide: ProcessHost,
  inject: [
    DiscoveryService,
    HandlerRegistry,
    Mediator,
    Store,
    CATGA_CODEC,
    CATGA_OPTIONS,
    CatgaLifecycle,
    ProjectionHost,
  ],
  useFactory: (
    discovery: DiscoveryService,
    registry: HandlerRegistry,
    mediator: Mediator,
    store: Store,
    codec: Codec,
    options: ResolvedCatgaOptions,
  ) =>
    new ProcessHost({
      discovery,
      registry,
      mediator,
      store,
      codec,
      options: options.processes,
      drain: options.mediator.drainTimeout,
    }),
};

/** Everything that `CatgaModule` provides. */
export const catgaProviders: Provider[] = [
  ...foundationProviders,
  projectionHostProvider,
  ...projectionProviders,
  ...messagingProviders<ResolvedCatgaOptions>({
    options: CATGA_OPTIONS,
    codec: CATGA_CODEC,
    after: [EventSourcingHost, CatgaLifecycle, ProcessHost],
    settings: ({ messaging, mediator }) => ({ messaging, drain: mediator.drainTimeout }),
  }),
  processHostProvider,
  ...processProviders,
];

/** Names of the modules that provide a token. */
function ownersOf(modules: ModulesContainer, token: string): string[] {
  return [...modules.values()].filter((module) => module.providers.has(token)).map((module) => module.name);
}
