import { assertKnownOptions, CATGA_COORDINATION, CATGA_STORE, CATGA_TRANSPORT } from '@catga/core';
import { ConfigurableModuleBuilder, Module, type DynamicModule, type FactoryProvider } from '@nestjs/common';
import { CONNECTION_OPTIONS } from './connection/index.js';
import { COORDINATION_OPTIONS, RedisCoordination, type RedisCoordinationOptions } from './coordination/index.js';
import { RedisStore, STORE_OPTIONS, type RedisStoreOptions } from './store/index.js';
import { RedisTransport, TRANSPORT_OPTIONS, type RedisTransportOptions } from './transport/index.js';

/** Options of {@link CatgaRedisModule}: where Redis is, and what the store and the transport promise. */
export type CatgaRedisOptions = RedisStoreOptions & RedisTransportOptions & RedisCoordinationOptions;

/** What shapes the module and so cannot come from a factory. */
export interface CatgaRedisExtras {
  /** False: Redis is not the store of the application. Default true. */
  readonly store?: boolean;
  /** False: messages do not go through Redis. Default true. */
  readonly transport?: boolean;
  /** False: locks, cache, rate limits and idempotency keys are not kept in Redis by its own means. Default true. */
  readonly coordination?: boolean;
}

const OPTIONS = [...new Set([...STORE_OPTIONS, ...TRANSPORT_OPTIONS, ...COORDINATION_OPTIONS])];

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN, OPTIONS_TYPE, ASYNC_OPTIONS_TYPE } =
  new ConfigurableModuleBuilder<CatgaRedisOptions>({ moduleName: 'CatgaRedis' })
    .setClassMethodName('forRoot')
    .setFactoryMethodName('createCatgaRedisOptions')
    .setExtras<CatgaRedisExtras>({ store: true, transport: true, coordination: true }, withProviders)
    .build();

/**
 * Makes Redis the store and the transport of the whole application, and keeps its locks, cache and rate limits, so that it
 * can run on several nodes. Import it once, before or after `CatgaModule`; Catga opens all of it when the application starts and closes them last.
 *
 * @example
 * ```ts
 * @Module({ imports: [CatgaModule.forRoot(), CatgaRedisModule.forRoot({ url: 'redis://localhost:6379', name: 'shop' })] })
 * export class AppModule {}
 * ```
 * @example Options that other modules give
 * ```ts
 * CatgaRedisModule.forRootAsync({
 *   inject: [ConfigService],
 *   useFactory: (config: ConfigService) => ({ url: config.getOrThrow('REDIS_URL'), strict: true }),
 * })
 * ```
 */
@Module({})
export class CatgaRedisModule extends ConfigurableModuleClass {
  /** @throws {InvalidOptionError} @throws {UnknownOptionError} at once */
  static override forRoot(options: typeof OPTIONS_TYPE = {}): DynamicModule {
    assertKnownOptions('CatgaRedisModule.forRoot', options, [...OPTIONS, 'store', 'transport', 'coordination']);
    return super.forRoot(options);
  }

  /** As {@link CatgaRedisModule.forRoot}, with `useFactory` and `inject`, `useClass` or `useExisting`. */
  static override forRootAsync(options: typeof ASYNC_OPTIONS_TYPE): DynamicModule {
    return super.forRootAsync(options);
  }
}

function withProviders(
  definition: DynamicModule,
  { store = true, transport = true, coordination = true }: CatgaRedisExtras,
): DynamicModule {
  const made: FactoryProvider[] = [];
  if (store) made.push(providerOf(CATGA_STORE, (options) => new RedisStore(only(options, STORE_OPTIONS))));
  if (transport) {
    const names = [...CONNECTION_OPTIONS, ...TRANSPORT_OPTIONS];
    made.push(providerOf(CATGA_TRANSPORT, (options) => new RedisTransport(only(options, names))));
  }
  if (coordination) {
    const make = (options: CatgaRedisOptions): RedisCoordination =>
      new RedisCoordination(only(options, COORDINATION_OPTIONS));
    made.push(providerOf(CATGA_COORDINATION, make));
  }
  return {
    ...definition,
    global: true,
    providers: [...(definition.providers ?? []), ...made],
    exports: [...(definition.exports ?? []), ...made.map(({ provide }) => provide)],
  };
}

function providerOf(token: string, make: (options: CatgaRedisOptions) => object): FactoryProvider {
  return {
    provide: token,
    inject: [MODULE_OPTIONS_TOKEN],
    useFactory: (options: CatgaRedisOptions) => {
      // Those of a factory are seen here for the first time.
      assertKnownOptions('CatgaRedisModule', options, OPTIONS);
      return make(options);
    },
  };
}

/** The options that one part knows. */
function only<K extends keyof CatgaRedisOptions>(
  options: CatgaRedisOptions,
  names: readonly K[],
): Pick<CatgaRedisOptions, K> {
  const known = Object.entries(options).filter(([name]) => names.includes(name as K));
  return Object.fromEntries(known) as Pick<CatgaRedisOptions, K>;
}
