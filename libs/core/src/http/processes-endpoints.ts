import { Controller, Inject, UseGuards, type DynamicModule, type Type } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { Processes } from '../processes/index.js';
import { resolveHttpOptions, type ProcessesHttpOptions, type ResolvedHttpOptions } from './http.options.js';
import { documentProcesses } from './openapi.js';
import { operationsGate, type OperationsGate } from './operations-gate.js';
import { OperationsGuard } from './operations.guard.js';
import { ProcessesController } from './processes.controller.js';

/** Token of the provider that writes the OpenAPI metadata; its value is of no use. */
const OPENAPI = Symbol('catga:processes-openapi');

/**
 * The controller of the process endpoints and what belongs to it, for the metadata of a module in whose reach
 * `Processes` is. Each call makes a controller class of its own, so that several may be mounted beside each other.
 *
 * @throws {UnknownOptionError} {@link InvalidOptionError}
 * @example `{ module: AdminModule, ...processesEndpoints({ path: 'admin/processes', guards: [AdminGuard] }) }`
 */
export function processesEndpoints(
  options?: ProcessesHttpOptions,
): Required<Pick<DynamicModule, 'controllers' | 'providers'>> {
  return {
    controllers: [createController(resolveHttpOptions(options))],
    // A provider and not the module body: its `import()` is awaited while Nest builds the application, before
    // anybody can ask for the document.
    providers: [{ provide: OPENAPI, useFactory: documentProcesses }],
  };
}

function createController(options: ResolvedHttpOptions): Type<ProcessesController> {
  const gate = (): OperationsGate =>
    operationsGate({
      guards: options.guards.length,
      allowOperations: options.allowOperations,
      nodeEnv: process.env['NODE_ENV'],
    });

  @Controller(options.path)
  @UseGuards(...options.guards, new OperationsGuard(gate))
  class MountedProcessesController extends ProcessesController {
    constructor(@Inject(Processes) processes: Processes, @Inject(HttpAdapterHost) host: HttpAdapterHost) {
      super(processes, host, options, gate);
    }
  }

  for (const decorate of options.decorators) decorate(MountedProcessesController);
  return MountedProcessesController;
}
