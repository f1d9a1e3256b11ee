import { Controller, Inject, UseGuards, type Type } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { ProjectionManager } from '../projections/index.js';
import { resolveHttpOptions, type ProcessesHttpOptions } from './http.options.js';
import { documentProjections } from './openapi.js';
import { operationsGate, type OperationsGate } from './operations-gate.js';
import { OperationsGuard } from './operations.guard.js';
import { ProjectionsController } from './projections.controller.js';

/**
 * The controller of the projection endpoints, for the `controllers` of a module in whose reach `ProjectionManager` is.
 * Each call makes a class of its own, so that several may be mounted beside each other with guards of their own.
 *
 * @param options as for the process endpoints; `path` is `projections` unless it is given
 * @throws {UnknownOptionError} {@link InvalidOptionError}
 * @example `@Module({ controllers: [createProjectionsController({ path: 'admin/projections', guards: [AdminGuard] })] })`
 */
export function createProjectionsController(options: ProcessesHttpOptions = {}): Type<object> {
  const resolved = resolveHttpOptions({ path: 'projections', ...options });
  const gate = (): OperationsGate =>
    operationsGate({
      guards: resolved.guards.length,
      allowOperations: resolved.allowOperations,
      nodeEnv: process.env['NODE_ENV'],
    });

  @Controller(resolved.path)
  @UseGuards(...resolved.guards, new OperationsGuard(gate))
  class MountedProjectionsController extends ProjectionsController {
    constructor(
      @Inject(ProjectionManager) projections: ProjectionManager,
      @Inject(HttpAdapterHost) host: HttpAdapterHost,
    ) {
      super(projections, host, resolved, gate);
    }
  }

  documentProjections();
  for (const decorate of resolved.decorators) decorate(MountedProjectionsController);
  return MountedProjectionsController;
}
