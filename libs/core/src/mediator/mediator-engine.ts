import type { DiscoveryService, ModuleRef, ModulesContainer } from '@nestjs/core';
import { DefaultMediator } from './default-mediator.js';
import { AmbientContext } from './dispatch/ambient-context.js';
import { Dispatcher } from './dispatch/dispatcher.js';
import { RouteCompiler } from './dispatch/route-compiler.js';
import { HandlerExplorer } from './handlers/handler.explorer.js';
import type { RemoteRequests } from './dispatch/remote-requests.js';
import type { HandlerEntry, HandlerRegistry } from './handlers/handler-registry.js';
import type { SendOptions } from '../messages/index.js';
import type { Mediator } from './mediator.js';
import { ModuleBehaviorResolver, SharedBehaviors } from './pipeline/module-behavior-resolver.js';
import type { GlobalBehaviors } from './pipeline/pipeline-plan.js';

/** What of Nest the mediator is built on. */
export interface MediatorHost {
  readonly discovery: DiscoveryService;
  readonly modules: ModulesContainer;
  readonly moduleRef: ModuleRef;
}

/**
 * The mediator of one Nest application with everything that belongs to it. `CatgaModule` makes one and drives it
 * through Nest's lifecycle; nothing of it is static, so two applications in one OS process know nothing of each other.
 */
export class MediatorEngine {
  readonly mediator: Mediator;
  private readonly explorer: HandlerExplorer;
  private readonly dispatcher: Dispatcher;

  constructor(host: MediatorHost, registry: HandlerRegistry, ambient: AmbientContext, behaviors: GlobalBehaviors) {
    const shared = new SharedBehaviors();
    this.explorer = new HandlerExplorer(host.discovery, host.modules, registry, host.moduleRef, shared);
    const resolver = new ModuleBehaviorResolver(host.moduleRef, shared);
    this.dispatcher = new Dispatcher(registry, new RouteCompiler(behaviors, resolver, ambient), ambient);
    this.mediator = new DefaultMediator(this.dispatcher);
  }

  /**
   * Finds every handler and compiles every pipeline.
   *
   * @throws {CatgaError} of kind `configuration`: what is wrong with the handlers or their behaviours
   */
  async boot(): Promise<void> {
    this.explorer.boot();
    await this.dispatcher.compileAll();
  }

  /** Where commands and queries go that nobody handles here; without it they are refused. */
  useRemote(remote: RemoteRequests): void {
    this.dispatcher.useRemote(remote);
  }

  /**
   * Calls one handler with its behaviours for a message that another node has sent. Goes on while the application drains.
   *
   * @throws {MediatorClosedError} it has drained
   */
  deliver(entry: HandlerEntry, message: object, options: SendOptions): Promise<unknown> {
    return this.dispatcher.deliver(entry, message, options);
  }

  /** From now on messages from outside are refused; running handlers may still send. */
  stopIntake(): void {
    this.dispatcher.stopIntake();
  }

  /**
   * Waits for running handlers, at most `limit` milliseconds.
   *
   * @returns how many still ran
   */
  drain(limit: number): Promise<number> {
    return this.dispatcher.close(limit);
  }
}
