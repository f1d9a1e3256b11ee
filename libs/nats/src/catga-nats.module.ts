import { CATGA_STORE } from '@catga/core';
import { ConfigurableModuleBuilder, Module, type DynamicModule } from '@nestjs/common';
import { NatsStore, type NatsStoreOptions } from './store/index.js';

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN, ASYNC_OPTIONS_TYPE } =
  new ConfigurableModuleBuilder<NatsStoreOptions>({ moduleName: 'CatgaNats' })
    .setClassMethodName('forRoot')
    .setFactoryMethodName('createCatgaNatsOptions')
    .build();

/**
 * Makes NATS JetStream the store of the whole application, shared by all its nodes. Import it once, before or after
 * `CatgaModule`; Catga opens the store when the application starts and closes it last.
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
 */
@Module({})
export class CatgaNatsModule extends ConfigurableModuleClass {
  /** @throws {InvalidOptionError} @throws {UnknownOptionError} at boot */
  static override forRoot(options: NatsStoreOptions): DynamicModule {
    return withStore(super.forRoot(options));
  }

  /** As {@link CatgaNatsModule.forRoot}, with `useFactory` and `inject`, `useClass` or `useExisting`. */
  static override forRootAsync(options: typeof ASYNC_OPTIONS_TYPE): DynamicModule {
    return withStore(super.forRootAsync(options));
  }
}

function withStore(definition: DynamicModule): DynamicModule {
  const store = {
    provide: CATGA_STORE,
    inject: [MODULE_OPTIONS_TOKEN],
    useFactory: (options: NatsStoreOptions) => new NatsStore(options),
  };
  return {
    ...definition,
    global: true,
    providers: [...(definition.providers ?? []), store],
    exports: [...(definition.exports ?? []), CATGA_STORE],
  };
}
