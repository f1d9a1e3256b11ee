import { Module, type DynamicModule, type ModuleMetadata, type Provider } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { catgaProviders } from './catga.providers.js';
import { ConfigurableCatgaModule } from './catga.module-definition.js';
import type { CatgaModuleOptions } from './catga.options.js';
import { CATGA_CODEC, CATGA_OPTIONS } from './catga.tokens.js';
import { COORDINATION_EXPORTS } from './coordination/index.js';
import {
  Aggregates,
  EventLog,
  EventRegistry,
  Privacy,
  SnapshotMetrics,
  SnapshotService,
  TimeTravel,
  withRepositories,
  type RepositoryTarget,
} from './event-sourcing/index.js';
import { SnowflakeIds } from './ids/index.js';
import { AmbientContext, HandlerRegistry, Mediator, MediatorMetrics } from './mediator/index.js';
import { Inbox, MessageBus, MessageDeadLetterService, MessagingHost, Outbox } from './messaging/index.js';
import { ProcessContext, Processes } from './processes/index.js';
import { ProjectionManager, ReadModels } from './projections/index.js';
import { StoreHost, TransportHost } from './resource-host.js';
import { Store } from './store/index.js';
import { Transport } from './transport/index.js';

/**
 * Makes a Nest application speak Catga: import it once in the root module, decorate handlers, inject {@link Mediator}.
 *
 * @example
 * ```ts
 * @Module({ imports: [CatgaModule.forRoot()], providers: [CreateOrderHandler] })
 * export class AppModule {}
 * ```
 * @example Options that other modules give
 * ```ts
 * CatgaModule.forRootAsync({
 *   inject: [ConfigService],
 *   useFactory: (config: ConfigService) => ({ mediator: { drainTimeout: config.get('DRAIN') } }),
 * })
 * ```
 */
@Module({
  imports: [DiscoveryModule],
  providers: catgaProviders,
  exports: [
    CATGA_OPTIONS,
    CATGA_CODEC,
    StoreHost,
    Store,
    TransportHost,
    Transport,
    ...COORDINATION_EXPORTS,
    SnowflakeIds,
    EventRegistry,
    EventLog,
    Aggregates,
    TimeTravel,
    Privacy,
    SnapshotService,
    SnapshotMetrics,
    HandlerRegistry,
    AmbientContext,
    Mediator,
    MediatorMetrics,
    ProjectionManager,
    ReadModels,
    Inbox,
    MessageBus,
    MessageDeadLetterService,
    MessagingHost,
    Outbox,
    Processes,
    ProcessContext,
  ],
})
export class CatgaModule extends ConfigurableCatgaModule {
  /** The module for the whole application. Works without options: everything in memory. */
  static override forRoot(options: CatgaModuleOptions = {}): DynamicModule {
    return super.forRoot(options);
  }

  /**
   * Provides (and exports) handlers, behaviours and processes of one part of the application. Listing them as providers
   * of your own module does the same. For aggregates and deciders it provides their repositories, see
   * {@link InjectRepository}.
   *
   * @example `imports: [CatgaModule.forFeature([Order, cart])]`
   * @param imports modules with what they inject
   */
  static forFeature(
    parts: readonly (Provider | RepositoryTarget)[],
    imports: NonNullable<ModuleMetadata['imports']> = [],
  ): DynamicModule {
    const providers = withRepositories(parts);
    return { module: CatgaFeatureModule, imports, providers, exports: [...providers] };
  }
}

/** Apart from {@link CatgaModule}, so that Nest never takes a feature for the root. */
@Module({})
class CatgaFeatureModule {}
