import { Logger, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { DiscoveryService } from '@nestjs/core';
import { CatgaError } from '../../foundation/index.js';
import type { Type } from '../../messages/index.js';
import { declaredSteps, type EventRegistry } from '../events/index.js';
import type { EventLog } from '../log/index.js';
import type { ResolvedEventSourcingOptions } from './event-sourcing.options.js';

type Provider = ReturnType<DiscoveryService['getProviders']>[number];

/** A class with upcasters that cannot be used; found at boot. */
export class UpcasterScopeError extends CatgaError {
  readonly code = 'CATGA_UPCASTER_SCOPE';
  readonly kind = 'configuration';
  constructor(className: string) {
    super(
      `Class ${className} has @Upcast or @Downcast methods and is request-scoped or transient, or injects something that is. Events are read outside of requests: make it a singleton, best one that injects nothing.`,
      { details: { className } },
    );
  }
}

/** Event sourcing in Nest's lifecycle: classes and upcasters are known before anything reads the log. */
export class EventSourcingHost implements OnModuleInit, BeforeApplicationShutdown {
  private readonly logger = new Logger('CatgaEventSourcing');

  constructor(
    private readonly discovery: DiscoveryService,
    readonly registry: EventRegistry,
    readonly log: EventLog,
    private readonly options: ResolvedEventSourcingOptions,
  ) {}

  onModuleInit(): void {
    this.registry.register(...this.options.events);
    for (const provider of this.upcasters()) {
      if (!provider.isDependencyTreeStatic() || provider.isTransient) throw new UpcasterScopeError(provider.name);
      this.registry.addSteps(provider.instance as object);
    }
    const missing = this.registry.missingSteps();
    if (missing.length > 0) {
      this.logger.warn(
        `No upcaster for ${missing.join(', ')}: events stored in such a version cannot be read. Write @Upcast methods, if there may be any.`,
      );
    }
  }

  /** Before the store closes; handlers of subscriptions may still use whatever they inject. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.log.stopSubscriptions();
  }

  /** Each class once, also when several modules provide it. */
  private upcasters(): Iterable<Provider> {
    const found = new Map<unknown, Provider>();
    for (const provider of this.discovery.getProviders()) {
      const { metatype } = provider;
      if (typeof metatype !== 'function' || metatype.prototype === undefined) continue;
      if (declaredSteps(metatype as Type<object>).length > 0) found.set(metatype, provider);
    }
    return found.values();
  }
}
