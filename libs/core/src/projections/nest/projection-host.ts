import { Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import type { DiscoveryService, ModuleRef } from '@nestjs/core';
import type { EventLog, EventRegistry } from '../../event-sourcing/index.js';
import type { Type } from '../../messages/index.js';
import type { Codec, Store } from '../../store/index.js';
import { PROJECTION_METADATA_KEY, readProjectionOptions } from '../definition/projection.decorator.js';
import type { ResolvedProjectionsOptions } from '../manager/projections.options.js';
import { ProjectionDefinitionError } from '../projection.errors.js';
import { ProjectionRuntime } from '../projection-runtime.js';
import type { ProjectionTarget } from '../run/projection-target.js';

/** What the host is made of. */
export interface ProjectionHostOptions {
  readonly discovery: DiscoveryService;
  readonly moduleRef: ModuleRef;
  readonly store: Store;
  readonly registry: EventRegistry;
  readonly log: EventLog;
  readonly codec: Codec;
  readonly settings: ResolvedProjectionsOptions;
}

type Provider = ReturnType<DiscoveryService['getProviders']>[number];

/**
 * Projections in Nest's lifecycle: classes are found and checked, and inline ones take part in commits, before anybody
 * can append; the work begins when every provider is there and ends before the store closes.
 */
export class ProjectionHost implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly runtime: ProjectionRuntime;
  private readonly logger = new Logger('CatgaProjections');

  constructor(private readonly host: ProjectionHostOptions) {
    const { store, registry, log, codec, settings } = host;
    this.runtime = new ProjectionRuntime({
      store,
      registry,
      log,
      codec,
      settings,
      onWarning: (message) => this.logger.warn(message),
      onInfo: (message) => this.logger.log(message),
    });
  }

  async onModuleInit(): Promise<void> {
    for (const [type, provider] of this.discover()) this.register(type, provider);
    await this.runtime.prepare();
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.runtime.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.runtime.stop();
  }

  private register(type: Type<object>, provider: Provider): void {
    if (!provider.isDependencyTreeStatic() || provider.isTransient) {
      throw new ProjectionDefinitionError(type.name, [
        'it, or something it injects, is request-scoped or transient; events are taken outside of requests. Inject singletons.',
      ]);
    }
    const target = readProjectionOptions(type)?.target;
    this.runtime.register(type, provider.instance as object, target && this.targetOf(type, target));
  }

  private targetOf(type: Type<object>, target: Type<ProjectionTarget<unknown>>): ProjectionTarget<unknown> {
    try {
      return this.host.moduleRef.get(target, { strict: false });
    } catch {
      const problem = `its target ${target.name} is no provider. List it among the providers of a module.`;
      throw new ProjectionDefinitionError(type.name, [problem]);
    }
  }

  /** Each class once, also when several modules provide it. */
  private discover(): Map<Type<object>, Provider> {
    const found = new Map<Type<object>, Provider>();
    for (const provider of this.host.discovery.getProviders({ metadataKey: PROJECTION_METADATA_KEY })) {
      const { metatype } = provider;
      if (typeof metatype === 'function' && readProjectionOptions(metatype as Type<object>) !== undefined)
        found.set(metatype as Type<object>, provider);
    }
    return found;
  }
}
