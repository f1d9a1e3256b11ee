import { assertKnownOptions, CATGA_STORE } from '@catga/core';
import { ConfigurableModuleBuilder, Module, type DynamicModule } from '@nestjs/common';
import { RedisStore, STORE_OPTIONS, type RedisStoreOptions } from './store/index.js';

/** Options of {@link CatgaRedisModule}: where Redis is, and what the store promises. */
export type CatgaRedisOptions = RedisStoreOptions;

/** What shapes the module and so cannot come from a factory. */
export interface CatgaRedisExtras {
  /** False: Redis is not the store of the application. Default true. */
  readonly store?: boolean;
}

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN, OPTIONS_TYPE, ASYNC_OPTIONS_TYPE } =
  new ConfigurableModuleBuilder<CatgaRedisOptions>({ moduleName: 'CatgaRedis' })
    .setClassMethodName('forRoot')
    .setFactoryMethodName('createCatgaRedisOptions')
    .setExtras<CatgaRedisExtras>({ store: true }, (definition, { store = true }) => withStore(definition, store))
    .build();

/**
 * Makes Redis the store of the whole application, so that it can run on several nodes. Import it once, before or after
 * `CatgaModule`; Catga opens the store when the application starts and closes it last.
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
    assertKnownOptions('CatgaRedisModule.forRoot', options, [...STORE_OPTIONS, 'store']);
    return super.forRoot(options);
  }

  /** As {@link CatgaRedisModule.forRoot}, with `useFactory` and `inject`, `useClass` or `useExisting`. */
  static override forRootAsync(options: typeof ASYNC_OPTIONS_TYPE): DynamicModule {
    return super.forRootAsync(options);
  }
}

function withStore(definition: DynamicModule, isStore: boolean): DynamicModule {
  if (!isStore) return { ...definition, global: true };
  const store = {
    provide: CATGA_STORE,
    inject: [MODULE_OPTIONS_TOKEN],
    useFactory: (options: CatgaRedisOptions) => new RedisStore(options),
  };
  return {
    ...definition,
    global: true,
    providers: [...(definition.providers ?? []), store],
    exports: [...(definition.exports ?? []), CATGA_STORE],
  };
}
