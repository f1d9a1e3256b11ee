import { Module, type DynamicModule } from '@nestjs/common';
import { createProcessesController } from './create-processes-controller.js';
import type { ProcessesHttpOptions } from './http.options.js';

/**
 * Mounts the process endpoints a second time or at another place than `CatgaModule` does, e.g. behind other guards.
 * Needs a global `CatgaModule`.
 *
 * @example
 * ```ts
 * @Module({
 *   imports: [
 *     CatgaModule.forRoot({ endpoints: false }),
 *     CatgaProcessesHttpModule.forRoot({ path: 'admin/processes', guards: [AdminGuard], redact: ['cardNumber'] }),
 *   ],
 * })
 * export class AppModule {}
 * ```
 */
@Module({})
export class CatgaProcessesHttpModule {
  /** @throws {UnknownOptionError} {@link InvalidOptionError} */
  static forRoot(options?: ProcessesHttpOptions): DynamicModule {
    return { module: CatgaProcessesHttpModule, controllers: [createProcessesController(options)] };
  }
}
