import { assertKnownOptions, CATGA_COORDINATION, CATGA_STORE, CATGA_TRANSPORT, InvalidOptionError } from '@catga/core';
import { ConfigurableModuleBuilder, Module, type DynamicModule, type FactoryProvider } from '@nestjs/common';
import { CONNECTION_OPTIONS, optionName } from './connection/index.js';
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
const EXTRAS = ['store', 'transport', 'coordination'] as const satisfies readonly (keyof CatgaRedisExtras)[];
const ASYNC = 'CatgaRedisModule.forRootAsync';

/** Makes a part of options, which may hold more; checks them, and connects nowhere. */
type Make = (options: CatgaRedisOptions, where: string) => object;

const TOKENS = { store: CATGA_STORE, transport: CATGA_TRANSPORT, coordination: CATGA_COORDINATION };
const PARTS: Record<keyof CatgaRedisExtras, Make> = {
  store: (options, where) => new RedisStore(only(options, STORE_OPTIONS), where),
  transport: (options, where) =>
    new RedisTransport(only(options, [...CONNECTION_OPTIONS, ...TRANSPORT_OPTIONS]), where),
  coordination: (options, where) => new RedisCoordination(only(options, COORDINATION_OPTIONS), where),
};

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
    const where = 'CatgaRedisModule.forRoot';
    assertKnownOptions(where, options, [...OPTIONS, ...EXTRAS]);
    for (const name of EXTRAS) assertSwitch(optionName(where, name), options[name]);
    // What is wrong is said here, where the user wrote it.
    for (const make of Object.values(PARTS)) make(options, where);
    return super.forRoot(options);
  }

  /** As {@link CatgaRedisModule.forRoot}, with `useFactory` and `inject`, `useClass` or `useExisting`. */
  static override forRootAsync(options: typeof ASYNC_OPTIONS_TYPE): DynamicModule {
    for (const name of EXTRAS) assertSwitch(optionName(ASYNC, name), options[name]);
    return super.forRootAsync(options);
  }
}

function withProviders(definition: DynamicModule, extras: CatgaRedisExtras): DynamicModule {
  const made = EXTRAS.filter((name) => extras[name] !== false).map((name) => providerOf(TOKENS[name], PARTS[name]));
  return {
    ...definition,
    global: true,
    providers: [...(definition.providers ?? []), ...made],
    exports: [...(definition.exports ?? []), ...made.map(({ provide }) => provide)],
  };
}

function providerOf(token: string, make: Make): FactoryProvider {
  return {
    provide: token,
    inject: [MODULE_OPTIONS_TOKEN],
    useFactory: (options: CatgaRedisOptions) => {
      // Those of a factory are seen here for the first time.
      assertKnownOptions(ASYNC, options, OPTIONS);
      return make(options, ASYNC);
    },
  };
}

function assertSwitch(name: string, value: unknown): void {
  if (value === undefined || typeof value === 'boolean') return;
  throw new InvalidOptionError(name, value, 'true or false');
}

/** The options that one part knows. */
function only<K extends keyof CatgaRedisOptions>(
  options: CatgaRedisOptions,
  names: readonly K[],
): Pick<CatgaRedisOptions, K> {
  const known = Object.entries(options).filter(([name]) => names.includes(name as K));
  return Object.fromEntries(known) as Pick<CatgaRedisOptions, K>;
}
