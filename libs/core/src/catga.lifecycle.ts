import {
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import type { ResolvedCatgaOptions } from './catga.options.js';
import { DuplicateCatgaModuleError } from './catga.errors.js';
import type { HandlerRegistry, MediatorEngine } from './mediator/index.js';
import type { Store } from './store/index.js';
import type { Transport } from './transport/index.js';

/** What the application stands on. */
export interface Ground {
  readonly store: Store;
  readonly transport: Transport;
}

/** Drives the mediator through Nest's lifecycle: handlers at init, intake and drain at shutdown. */
export class CatgaLifecycle
  implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy, BeforeApplicationShutdown
{
  private readonly logger = new Logger('Catga');

  constructor(
    private readonly engine: MediatorEngine,
    private readonly registry: HandlerRegistry,
    private readonly ground: Ground,
    private readonly options: ResolvedCatgaOptions,
    private readonly modules: ModulesContainer,
  ) {}

  async onModuleInit(): Promise<void> {
    this.assertImportedOnce();
    await this.engine.boot();
  }

  onApplicationBootstrap(): void {
    const { store, transport } = this.ground;
    this.logger.log(bootLine(this.ground, this.registry));
    const warnings = [...(store.warnings?.() ?? []), ...(transport.warnings?.() ?? [])];
    for (const { code, message } of warnings) this.logger.warn(`${message} (${code})`);
  }

  onModuleDestroy(): void {
    this.engine.stopIntake();
  }

  async beforeApplicationShutdown(): Promise<void> {
    const limit = this.options.mediator.drainTimeout;
    const left = await this.engine.drain(limit);
    if (left > 0) {
      this.logger.warn(
        `${left} handler(s) still ran after ${limit} ms; their signal is aborted. Give them more time with mediator.drainTimeout.`,
      );
    }
  }

  /** Two mediators would run every handler twice. */
  private assertImportedOnce(): void {
    const own = [...this.modules.values()].filter((module) => module.providers.has(CatgaLifecycle));
    if (own.length > 1) throw new DuplicateCatgaModuleError(own.length);
  }
}

/** The one line at boot: which store and transport, what they promise, and how much is wired. */
function bootLine({ store, transport }: Ground, registry: HandlerRegistry): string {
  const handlers = registry.list();
  const count = (kind: string) => handlers.filter((handler) => handler.kind === kind).length;
  return (
    `Store: ${store.capabilities.name} (${storePromise(store)}). ` +
    `Transport: ${transport.capabilities.name} (${transportPromise(transport)}). ` +
    `Handlers: ${count('command')} command, ${count('query')} query, ${count('event')} event.`
  );
}

function storePromise({ capabilities: { durable, shared } }: Store): string {
  return durable
    ? `what was acknowledged survives a crash, ${shared ? 'several nodes may share it' : 'one node uses it'}`
    : 'processes do not survive a restart; import a durable store, e.g. CatgaSqliteModule.forRoot({ path }), to change that';
}

function transportPromise({ capabilities: { distributed, durable, qos } }: Transport): string {
  if (!distributed) {
    return 'in this OS process, messages that wait do not survive a restart; import CatgaRedisModule or CatgaNatsModule to reach other nodes';
  }
  const survives = durable ? 'published messages survive a crash' : 'published messages do not survive a crash';
  return `reaches other nodes, QoS ${qos.join(', ')}, ${survives}`;
}
