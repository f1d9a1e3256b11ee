import { Logger } from '@nestjs/common';
import { ModuleRef, type DiscoveryService, type ModulesContainer } from '@nestjs/core';
import type { Type } from '../../messages/index.js';
import { HandlerMethodMissingError } from '../mediator.errors.js';
import { ModuleBehaviorResolver, type SharedBehaviors } from '../pipeline/module-behavior-resolver.js';
import { HandlerMark, isSubscriber, ownBindings, type HandlerBinding } from './handler.decorators.js';
import { scopedCall, staticCall } from './handler-invoker.js';
import type { HandlerRegistration, HandlerRegistry, HandlerSource } from './handler-registry.js';
import { ScopedProviders } from './scoped-providers.js';

type Provider = ReturnType<DiscoveryService['getProviders']>[number];

/** A provider together with the handler class whose decorators count. */
interface Found {
  readonly provider: Provider;
  readonly handlerType: Type;
}

/** Finds decorated handler classes among the providers of an application and registers them, each class once. */
export class HandlerExplorer implements HandlerSource {
  private readonly logger = new Logger('Catga');
  private readonly registered = new Set<Type>();
  /** Modules come and never go; a new one means that a lazily loaded module may have brought handlers. */
  private knownModules = -1;
  private hasBooted = false;

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly modules: ModulesContainer,
    private readonly registry: HandlerRegistry,
    private readonly moduleRef: ModuleRef,
    private readonly behaviors: SharedBehaviors,
  ) {
    registry.useSource(this);
  }

  isStale(): boolean {
    return this.modules.size !== this.knownModules;
  }

  /** Registers handlers that are new. After boot a faulty one is logged: the application runs and must go on. */
  refresh(): void {
    let isComplete = true;
    const size = this.modules.size;
    for (const found of this.find()) {
      if (this.registered.has(found.handlerType)) continue;
      if (isReady(found.provider)) this.register(found);
      else isComplete = false;
    }
    if (isComplete) this.knownModules = size;
  }

  /**
   * Registers every handler and stops tolerating late discovery errors as boot errors.
   *
   * @throws {DuplicateHandlerError}
   * @throws {HandlerMethodMissingError}
   * @throws {DuplicateMessageNameError}
   */
  boot(): void {
    this.refresh();
    this.hasBooted = true;
  }

  private register(found: Found): void {
    this.registered.add(found.handlerType);
    try {
      for (const binding of ownBindings(found.handlerType)) this.bind(found, binding);
    } catch (error) {
      if (!this.hasBooted) {
        this.registered.delete(found.handlerType);
        throw error;
      }
      this.logger.error(`Handler ${found.handlerType.name} of a lazily loaded module is not used: ${String(error)}`);
    }
  }

  private bind({ provider, handlerType }: Found, binding: HandlerBinding): void {
    const method = binding.kind === 'event' ? 'handle' : 'execute';
    const origin = { name: handlerType.name, module: provider.host?.name };
    const isScoped = provider.isTransient || !provider.isDependencyTreeStatic();
    const subject = (isScoped ? (provider.metatype ?? handlerType).prototype : provider.instance) as object | undefined;
    if (typeof (subject as Record<string, unknown> | undefined)?.[method] !== 'function') {
      throw new HandlerMethodMissingError(origin, binding.decorator, method);
    }
    const moduleRef = this.moduleRefOf(provider);
    const call = isScoped
      ? scopedCall(new ScopedProviders(moduleRef, this.behaviors.scopes), provider.token, method)
      : staticCall(subject as object, method);
    const resolver = new ModuleBehaviorResolver(moduleRef, this.behaviors);
    const registration: HandlerRegistration = { ...origin, ...call, handlerType, resolver };
    if (binding.kind === 'event' && isSubscriber(handlerType)) {
      this.registry.registerSubscriber(binding.messageType, registration);
    } else if (binding.kind === 'event') this.registry.registerEvent(binding.messageType, registration);
    else if (binding.kind === 'query') this.registry.registerQuery(binding.messageType, registration);
    else this.registry.registerCommand(binding.messageType, registration);
  }

  /** In the order of modules, then by name: discovery itself promises no order. */
  private find(): Found[] {
    const order = new Map([...this.modules.values()].map((module, index) => [module, index]));
    const place = ({ provider }: Found) => (provider.host && order.get(provider.host)) ?? order.size;
    return this.discovery
      .getProviders({ metadataKey: HandlerMark.KEY })
      .flatMap((provider) => withHandlerType(provider))
      .sort((a, b) => place(a) - place(b) || (a.handlerType.name < b.handlerType.name ? -1 : 1));
  }

  private moduleRefOf(provider: Provider): ModuleRef {
    return (provider.host?.getProviderByKey<ModuleRef>(ModuleRef)?.instance as ModuleRef | undefined) ?? this.moduleRef;
  }
}

/** The decorated class: the token (which survives `overrideProvider`), the class itself, or that of the instance. */
function withHandlerType(provider: Provider): Found[] {
  if (provider.isAlias) return [];
  const isClass = provider.metatype !== null && !provider.isFactory;
  const candidates = [provider.token, isClass ? provider.metatype : provider.instance?.constructor];
  const handlerType = candidates.find((one) => typeof one === 'function' && ownBindings(one as Type).length > 0);
  return handlerType === undefined ? [] : [{ provider, handlerType: handlerType as Type }];
}

/** False while Nest is still creating the instance; what it shows until then is an empty object. */
function isReady(provider: Provider): boolean {
  if (provider.metatype === null || provider.isTransient || !provider.isDependencyTreeStatic()) return true;
  return provider.initTime !== undefined;
}
