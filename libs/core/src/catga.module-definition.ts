import { ConfigurableModuleBuilder, type Type } from '@nestjs/common';
import type { CatgaModuleOptions } from './catga.options.js';
import { createProcessesController, createProjectionsController, type ProcessesHttpOptions } from './http/index.js';

/** Options that shape the module graph: with `forRootAsync` they stand beside `useFactory`, not in what it returns. */
export interface CatgaModuleExtras {
  /** The `/processes` endpoints: their options, or false for none. Default: mounted at `/processes`. */
  readonly endpoints?: ProcessesHttpOptions | false | undefined;
  /** The `/projections` endpoints: their options, or false for none. Default: as `endpoints`, mounted at `/projections`. */
  readonly projectionEndpoints?: ProcessesHttpOptions | false | undefined;
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
  .setExtras<CatgaModuleExtras>(
    { endpoints: undefined, projectionEndpoints: undefined },
    (definition, { endpoints, projectionEndpoints }) => ({
      ...definition,
      global: true,
      controllers: [
        ...(endpoints === false ? [] : [createProcessesController(endpoints)]),
        ...projectionControllers(endpoints, projectionEndpoints),
      ],
    }),
  )
  .build();

/** Whoever guards the processes means the projections as well; whoever wants no endpoints wants none of these. */
function projectionControllers(
  endpoints: CatgaModuleExtras['endpoints'],
  own: CatgaModuleExtras['projectionEndpoints'] = endpoints === false ? false : { ...endpoints, path: 'projections' },
): Type<object>[] {
  return own === false ? [] : [createProjectionsController(own)];
}
