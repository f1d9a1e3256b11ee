import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { CatgaModuleOptions } from './catga.options.js';

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
  .setExtras({}, (definition) => ({ ...definition, global: true }))
  .build();
