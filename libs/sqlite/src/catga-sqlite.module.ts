import { CATGA_STORE } from '@catga/core';
import { ConfigurableModuleBuilder, Module, type DynamicModule } from '@nestjs/common';
import type { SqliteStoreOptions } from './sqlite-store.options.js';
import { SqliteStore } from './sqlite-store.js';

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN, ASYNC_OPTIONS_TYPE } =
  new ConfigurableModuleBuilder<SqliteStoreOptions>({ moduleName: 'CatgaSqlite' })
    .setClassMethodName('forRoot')
    .setFactoryMethodName('createCatgaSqliteOptions')
    .build();

/**
 * Makes one SQLite file the store of the whole application. Import it once, before or after `CatgaModule`; Catga opens
 * the store when the application starts and closes it last.
 *
 * @example
 * ```ts
 * @Module({ imports: [CatgaModule.forRoot(), CatgaSqliteModule.forRoot({ path: './data/app.db' })] })
 * export class AppModule {}
 * ```
 * @example Options that other modules give
 * ```ts
 * CatgaSqliteModule.forRootAsync({
 *   inject: [ConfigService],
 *   useFactory: (config: ConfigService) => ({ path: config.getOrThrow('DATA_FILE') }),
 * })
 * ```
 */
@Module({})
export class CatgaSqliteModule extends ConfigurableModuleClass {
  /** @throws {InvalidOptionError} @throws {UnknownOptionError} at boot */
  static override forRoot(options: SqliteStoreOptions): DynamicModule {
    return withStore(super.forRoot(options));
  }

  /** As {@link CatgaSqliteModule.forRoot}, with `useFactory` and `inject`, `useClass` or `useExisting`. */
  static override forRootAsync(options: typeof ASYNC_OPTIONS_TYPE): DynamicModule {
    return withStore(super.forRootAsync(options));
  }
}

function withStore(definition: DynamicModule): DynamicModule {
  const store = {
    provide: CATGA_STORE,
    inject: [MODULE_OPTIONS_TOKEN],
    useFactory: (options: SqliteStoreOptions) => new SqliteStore(options),
  };
  return {
    ...definition,
    global: true,
    providers: [...(definition.providers ?? []), store],
    exports: [...(definition.exports ?? []), CATGA_STORE],
  };
}
