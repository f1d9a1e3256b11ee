import { Controller, Inject, UseGuards, type Type } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { Processes } from '../processes/index.js';
import { resolveHttpOptions, type ProcessesHttpOptions } from './http.options.js';
import { documentProcesses } from './openapi.js';
import { operationsGate, type OperationsGate } from './operations-gate.js';
import { OperationsGuard } from './operations.guard.js';
import { ProcessesController } from './processes.controller.js';

/**
 * The controller of the process endpoints, for the `controllers` of a module in whose reach `Processes` is. Each call
 * makes a class of its own, so that several may be mounted beside each other with guards of their own.
 *
 * @throws {UnknownOptionError} {@link InvalidOptionError}
 * @example `@Module({ controllers: [createProcessesController({ path: 'admin/processes', guards: [AdminGuard] })] })`
 */
export function createProcessesController(options?: ProcessesHttpOptions): Type<object> {
  const resolved = resolveHttpOptions(options);
  const gate = (): OperationsGate =>
    operationsGate({
      guards: resolved.guards.length,
      allowOperations: resolved.allowOperations,
      nodeEnv: process.env['NODE_ENV'],
    });

  @Controller(resolved.path)
  @UseGuards(...resolved.guards, new OperationsGuard(gate))
  class MountedProcessesController extends ProcessesController {
    constructor(@Inject(Processes) processes: Processes, @Inject(HttpAdapterHost) host: HttpAdapterHost) {
      super(processes, host, resolved, gate);
    }
  }

  documentProcesses();
  for (const decorate of resolved.decorators) decorate(MountedProcessesController);
  return MountedProcessesController;
}
