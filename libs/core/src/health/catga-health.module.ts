import { Controller, Inject, Module, UseGuards, type DynamicModule, type Type } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { ApplicationState } from './application-state.js';
import { CatgaHealthIndicator, HEALTH_OPTIONS } from './catga-health.indicator.js';
import { HealthController } from './health.controller.js';
import { resolveHealthOptions, type CatgaHealthOptions, type ResolvedHealthOptions } from './health.options.js';

/**
 * `/health`, `/health/live` and `/health/ready`, and {@link CatgaHealthIndicator} for health checks of your own. Needs
 * `@nestjs/terminus` and a `CatgaModule`.
 *
 * @example
 * ```ts
 * import { CatgaHealthModule } from '@catga/core/health';
 *
 * @Module({ imports: [CatgaModule.forRoot(), CatgaHealthModule.forRoot({ timeout: '1s' })] })
 * export class AppModule {}
 * ```
 */
@Module({})
export class CatgaHealthModule {
  /** @throws {UnknownOptionError} {@link InvalidOptionError} {@link InvalidDurationError} */
  static forRoot(options?: CatgaHealthOptions): DynamicModule {
    const resolved = resolveHealthOptions(options);
    return {
      module: CatgaHealthModule,
      imports: [TerminusModule.forRoot(resolved.terminus)],
      controllers: [createHealthController(resolved)],
      providers: [{ provide: HEALTH_OPTIONS, useValue: resolved }, ApplicationState, CatgaHealthIndicator],
      exports: [CatgaHealthIndicator, TerminusModule],
    };
  }
}

/** A class of its own for each call, so that path and guards of one mount are not those of another. */
function createHealthController({ path, guards, decorators }: ResolvedHealthOptions): Type<object> {
  @Controller(path)
  @UseGuards(...guards)
  class MountedHealthController extends HealthController {
    constructor(
      @Inject(HealthCheckService) terminus: HealthCheckService,
      @Inject(CatgaHealthIndicator) catga: CatgaHealthIndicator,
      @Inject(HttpAdapterHost) host: HttpAdapterHost,
    ) {
      super(terminus, catga, host);
    }
  }
  for (const decorate of decorators) decorate(MountedHealthController);
  return MountedHealthController;
}
