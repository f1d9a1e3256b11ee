import { Logger, type OnApplicationBootstrap, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import type { DiscoveryService } from '@nestjs/core';
import type { HandlerRegistry, Mediator } from '../../mediator/index.js';
import type { Type } from '../../messages/index.js';
import type { Codec, Store } from '../../store/index.js';
import { ProcessDefinitionError } from '../api/process.errors.js';
import type { Processes } from '../api/processes.js';
import { PROCESS_METADATA_KEY, readProcessMetadata } from '../decorators/index.js';
import { readBlueprint, resolveProcessOptions, type ProcessesOptions } from '../definition/index.js';
import { ProcessRuntime } from '../process-runtime.js';

/** What the host is made of. */
export interface ProcessHostOptions {
  readonly discovery: DiscoveryService;
  readonly registry: HandlerRegistry;
  readonly mediator: Mediator;
  readonly store: Store;
  readonly options: ProcessesOptions;
  /** The codec of the application, for processes without one of their own. */
  readonly codec: Codec;
  /** Milliseconds that steps under way get at shutdown. */
  readonly drain: number;
}

type Provider = ReturnType<DiscoveryService['getProviders']>[number];

/**
 * Processes in Nest's lifecycle: classes are found and checked before anything starts, runs go on once every handler
 * is there, and steps under way are waited for before the mediator closes.
 */
export class ProcessHost implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('CatgaProcesses');
  private readonly runtime: ProcessRuntime;

  constructor(private readonly host: ProcessHostOptions) {
    this.runtime = new ProcessRuntime({
      store: host.store,
      mediator: host.mediator,
      codec: host.codec,
      settings: resolveProcessOptions(host.options),
      warn: (message) => this.logger.warn(message),
      log: (message) => this.logger.log(message),
    });
  }

  get processes(): Processes {
    return this.runtime.processes;
  }

  onModuleInit(): void {
    const classes = new Map<Type<object>, Provider>();
    for (const provider of this.discover()) classes.set(provider.metatype as Type<object>, provider);
    const targets = [...classes.keys()].sort((a, b) => (a.name < b.name ? -1 : 1));
    const options = resolveProcessOptions(this.host.options, targets);
    for (const target of targets)
      this.register(target, classes.get(target) as Provider, readBlueprint(target, options));
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.runtime.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.runtime.stop(this.host.drain);
  }

  private register(target: Type<object>, provider: Provider, blueprint: ReturnType<typeof readBlueprint>): void {
    if (!provider.isDependencyTreeStatic() || provider.isTransient) {
      throw new ProcessDefinitionError(target.name, [
        'it, or something it injects, is request-scoped or transient; a run outlives every request. Inject singletons, and pass what belongs to the request in the command.',
      ]);
    }
    this.runtime.register(blueprint, provider.instance as object);
    const { engine } = this.runtime;
    this.host.registry.registerCommand(blueprint.command, {
      name: blueprint.name,
      module: provider.host?.metatype?.name,
      invoke: (command, context) => engine.execute(blueprint.name, command, context),
    });
  }

  private discover(): Provider[] {
    return this.host.discovery
      .getProviders({ metadataKey: PROCESS_METADATA_KEY })
      .filter(
        (provider) => typeof provider.metatype === 'function' && readProcessMetadata(provider.metatype as Type<object>),
      );
  }
}
