import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { CatgaModuleOptions } from './catga.options.js';
import { createProcessesController, type ProcessesHttpOptions } from './http/index.js';

/** Options that shape the module graph: with `forRootAsync` they stand beside `useFactory`, not in what it returns. */
export interface CatgaModuleExtras {
  /** The `/processes` endpoints: their options, or false for none. Default: mounted at `/processes`. */
  readonly endpoints?: ProcessesHttpOptions | false | undefined;
}

/** `forRoot` and `forRootAsync` of `CatgaModule`, made by Nest. */
export const {
  ConfigurableModuleClass: ConfigurableCatgaModule,
  MODULE_OPTIONS_TOKEN: CATGA_MODULE_OPTIONS,
  OPTIONS_TYPE,
  ASYNC_OPTIONS_TYPE,
} = new ConfigurableModuleBuilder<CatgaModuleOptions>({ moduleName: 'Catga' })
  .setClassMethodName('forRoot')
  .setFactoryMethodName('createCatgaOptions')
  // What shapes the module graph is an extra, because it must be known before factories run.
  .setExtras<CatgaModuleExtras>({ endpoints: undefined }, (definition, { endpoints }) => ({
    ...definition,
    global: true,
    controllers: endpoints === false ? [] : [createProcessesController(endpoints)],
  }))
  .build();
