import { assertKnownOptions, CATGA_STORE, CATGA_TRANSPORT } from '@catga/core';
import { ConfigurableModuleBuilder, Module, type DynamicModule, type FactoryProvider } from '@nestjs/common';
import { NatsStore, STORE_OPTIONS, type NatsStoreOptions } from './store/index.js';
import { NatsTransport, TRANSPORT_OPTIONS, type NatsTransportOptions } from './transport/index.js';

/** Options of {@link CatgaNatsModule}: where NATS is, and what the store and the transport promise. */
export type CatgaNatsOptions = NatsStoreOptions & NatsTransportOptions;

/** What shapes the module and so cannot come from a factory. */
export interface CatgaNatsExtras {
  /** False: NATS is not the store of the application. Default true. */
  readonly store?: boolean;
  /** False: messages do not go through NATS. Default true. */
  readonly transport?: boolean;
}

const OPTIONS = [...new Set([...STORE_OPTIONS, ...TRANSPORT_OPTIONS])];

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN, OPTIONS_TYPE, ASYNC_OPTIONS_TYPE } =
  new ConfigurableModuleBuilder<CatgaNatsOptions>({ moduleName: 'CatgaNats' })
    .setClassMethodName('forRoot')
    .setFactoryMethodName('createCatgaNatsOptions')
    .setExtras<CatgaNatsExtras>({ store: true, transport: true }, withProviders)
    .build();

/**
 * Makes NATS JetStream the store and the transport of the whole application, so that it can run on several nodes. Import
 * it once, before or after `CatgaModule`; Catga opens both when the application starts and closes them last.
 *
 * @example
 * ```ts
 * @Module({ imports: [CatgaModule.forRoot(), CatgaNatsModule.forRoot({ servers: 'nats://127.0.0.1:4222', name: 'orders' })] })
 * export class AppModule {}
 * ```
 * @example Options that other modules give
 * ```ts
 * CatgaNatsModule.forRootAsync({
 *   inject: [ConfigService],
 *   useFactory: (config: ConfigService) => ({ servers: config.getOrThrow('NATS_URL') }),
 * })
 * ```
 * @example Messages over NATS, data elsewhere
 * ```ts
 * CatgaNatsModule.forRoot({ servers: 'nats://127.0.0.1:4222', store: false })
 * ```
 */
@Module({})
export class CatgaNatsModule extends ConfigurableModuleClass {
  /** @throws {InvalidOptionError} @throws {UnknownOptionError} at boot */
  static override forRoot(options: typeof OPTIONS_TYPE = {}): DynamicModule {
    return super.forRoot(options);
  }

  /** As {@link CatgaNatsModule.forRoot}, with `useFactory` and `inject`, `useClass` or `useExisting`. */
  static override forRootAsync(options: typeof ASYNC_OPTIONS_TYPE): DynamicModule {
    return super.forRootAsync(options);
  }
}

function withProviders(definition: DynamicModule, { store = true, transport = true }: CatgaNatsExtras): DynamicModule {
  const made: FactoryProvider[] = [];
  if (store) made.push(providerOf(CATGA_STORE, (options) => new NatsStore(only(options, STORE_OPTIONS))));
  if (transport)
    made.push(providerOf(CATGA_TRANSPORT, (options) => new NatsTransport(only(options, TRANSPORT_OPTIONS))));
  return {
    ...definition,
    global: true,
    providers: [...(definition.providers ?? []), ...made],
    exports: [...(definition.exports ?? []), ...made.map(({ provide }) => provide)],
  };
}

function providerOf(token: string, make: (options: CatgaNatsOptions) => object): FactoryProvider {
  return {
    provide: token,
    inject: [MODULE_OPTIONS_TOKEN],
    useFactory: (options: CatgaNatsOptions) => {
      // Those of a factory are seen here for the first time.
      assertKnownOptions('CatgaNatsModule', options, OPTIONS);
      return make(options);
    },
  };
}

/** The options that one part knows. */
function only<K extends keyof CatgaNatsOptions>(
  options: CatgaNatsOptions,
  names: readonly K[],
): Pick<CatgaNatsOptions, K> {
  const known = Object.entries(options).filter(([name]) => names.includes(name as K));
  return Object.fromEntries(known) as Pick<CatgaNatsOptions, K>;
}
