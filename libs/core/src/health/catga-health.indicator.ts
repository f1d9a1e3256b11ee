import { Inject, Injectable, Optional } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import { MessagingHost } from '../messaging/index.js';
import { Processes } from '../processes/index.js';
import { ProjectionManager } from '../projections/index.js';
import { Store } from '../store/index.js';
import { Transport } from '../transport/index.js';
import { ApplicationState } from './application-state.js';
import { downBecause, worst, type HealthPart, type PartHealth } from './health-parts.js';
import { resolveHealthOptions, type ResolvedHealthOptions } from './health.options.js';
import { countParked } from './parked-processes.js';
import { PingProbe } from './ping-probe.js';
import { projectionHealth } from './projection-health.js';
import { withTimeLimit } from './time-limit.js';

/** Token of the checked options of the health endpoints. */
export const HEALTH_OPTIONS = Symbol('catga:health-options');

/** What {@link CatgaHealthIndicator.isHealthy} looks at unless told otherwise. */
const ALL: readonly HealthPart[] = ['transport', 'eventStore', 'processStore', 'messageQueue'];

/**
 * Tells Terminus how Catga is. Every method answers, whatever happens: what fails or takes too long is `down`.
 *
 * @example
 * ```ts
 * @Get() @HealthCheck()
 * check() { return this.health.check([() => this.catga.isHealthy('catga'), () => this.db.pingCheck('db')]); }
 * ```
 */
@Injectable()
export class CatgaHealthIndicator {
  private readonly probe: PingProbe;
  private readonly transportProbe: PingProbe | undefined;
  private readonly options: ResolvedHealthOptions;

  constructor(
    @Inject(HealthIndicatorService) private readonly indicators: HealthIndicatorService,
    @Inject(Store) private readonly store: Store,
    @Optional() @Inject(Processes) private readonly processes?: Processes,
    @Optional() @Inject(ApplicationState) private readonly state?: ApplicationState,
    @Optional() @Inject(HEALTH_OPTIONS) options?: ResolvedHealthOptions,
    @Optional() @Inject(ProjectionManager) private readonly projectionManager?: ProjectionManager,
    @Optional() @Inject(Transport) private readonly broker?: Transport,
    @Optional() @Inject(MessagingHost) private readonly messaging?: MessagingHost,
  ) {
    this.options = options ?? resolveHealthOptions();
    const { timeout } = this.options;
    this.probe = new PingProbe(store, `Store "${store.capabilities.name}"`, timeout);
    if (broker) this.transportProbe = new PingProbe(broker, `Transport "${broker.capabilities.name}"`, timeout);
  }

  /** Whether the application has any projection. */
  get hasProjections(): boolean {
    return (this.projectionManager?.names.length ?? 0) > 0;
  }

  /**
   * All parts under one key, each with its own status; the worst of them is the status of the key.
   *
   * @param parts Default: transport, eventStore, processStore and messageQueue, and projections where there are any.
   */
  async isHealthy<const Key extends string>(
    key: Key,
    parts: readonly HealthPart[] = this.allParts(),
  ): Promise<HealthIndicatorResult<Key>> {
    const found = await Promise.all(parts.map(async (part) => [part, await this.partHealth(part)] as const));
    const details = Object.fromEntries(found);
    return this.report(key, worst(Object.values(details)), details);
  }

  /** Whether messages can be published now; `degraded` when settings of the broker may lose some. */
  transport<const Key extends string = 'transport'>(key = 'transport' as Key): Promise<HealthIndicatorResult<Key>> {
    return this.part(key, 'transport');
  }

  /** Whether the store would take an append now. */
  eventStore<const Key extends string = 'eventStore'>(key = 'eventStore' as Key): Promise<HealthIndicatorResult<Key>> {
    return this.part(key, 'eventStore');
  }

  /** Whether runs can be kept, and whether some wait for somebody's decision. */
  processStore<const Key extends string = 'processStore'>(
    key = 'processStore' as Key,
  ): Promise<HealthIndicatorResult<Key>> {
    return this.part(key, 'processStore');
  }

  /** Another name of {@link processStore}. */
  sagaStore<const Key extends string = 'sagaStore'>(key = 'sagaStore' as Key): Promise<HealthIndicatorResult<Key>> {
    return this.part(key, 'sagaStore');
  }

  /** Where messages wait: the subscriptions of this node; `degraded` when one takes nothing. */
  messageQueue<const Key extends string = 'messageQueue'>(
    key = 'messageQueue' as Key,
  ): Promise<HealthIndicatorResult<Key>> {
    return this.part(key, 'messageQueue');
  }

  /** Whether the read models keep up with the log; `degraded` when one does not, never `down`. */
  projections<const Key extends string = 'projections'>(
    key = 'projections' as Key,
  ): Promise<HealthIndicatorResult<Key>> {
    return this.part(key, 'projections');
  }

  /** Whether the application has started and is not shutting down. */
  application<const Key extends string = 'application'>(
    key = 'application' as Key,
  ): Promise<HealthIndicatorResult<Key>> {
    return this.part(key, 'application');
  }

  private allParts(): readonly HealthPart[] {
    return this.hasProjections ? [...ALL, 'projections'] : ALL;
  }

  private async part<const Key extends string>(key: Key, part: HealthPart): Promise<HealthIndicatorResult<Key>> {
    const { status, ...details } = await this.partHealth(part);
    return this.report(key, status, details);
  }

  private report<const Key extends string>(
    key: Key,
    status: PartHealth['status'],
    details: Record<string, unknown>,
  ): HealthIndicatorResult<Key> {
    const session = this.indicators.check(key);
    if (status === 'up') return session.up(details);
    return status === 'degraded' ? session.degraded(details) : session.down(details);
  }

  private async partHealth(part: HealthPart): Promise<PartHealth> {
    try {
      return await this.look(part);
    } catch (error) {
      return downBecause(error);
    }
  }

  private async look(part: HealthPart): Promise<PartHealth> {
    switch (part) {
      case 'transport':
        return this.transportHealth();
      case 'messageQueue':
        return this.queueHealth();
      case 'application':
        // Provided without CatgaHealthModule, nothing has watched the life of the application.
        return this.state?.health() ?? { status: 'up' };
      case 'eventStore':
        await this.probe.ping();
        return this.withWarnings(this.storeUp());
      case 'processStore':
      case 'sagaStore':
        await this.probe.ping();
        return this.parkedHealth();
      case 'projections':
        return this.projectionsHealth();
    }
  }

  private async projectionsHealth(): Promise<PartHealth> {
    if (!this.projectionManager) return { status: 'up' };
    const { timeout, maxProjectionLag } = this.options;
    return withTimeLimit(
      projectionHealth(this.projectionManager, maxProjectionLag),
      timeout,
      'The state of projections',
    );
  }

  private async transportHealth(): Promise<PartHealth> {
    if (this.broker === undefined) return { status: 'up', name: 'memory' };
    await this.transportProbe?.ping();
    const { name } = this.broker.capabilities;
    const warnings = this.broker.warnings?.() ?? [];
    return warnings.length === 0 ? { status: 'up', name } : { status: 'degraded', name, warnings };
  }

  /** A subscription that takes nothing is no reason to take the node out: other nodes share it. */
  private async queueHealth(): Promise<PartHealth> {
    if (this.broker === undefined || this.messaging === undefined) return this.transportHealth();
    await this.transportProbe?.ping();
    const { name } = this.broker.capabilities;
    const { timeout } = this.options;
    const all = await withTimeLimit(this.messaging.status(), timeout, 'The state of subscriptions');
    if (all.length === 0) return { status: 'up', name };
    const subscriptions = Object.fromEntries(all.map(({ name: one, state, waiting }) => [one, { state, waiting }]));
    const idle = all.filter(({ state }) => state !== 'running').map((one) => `${one.name} is ${one.state}`);
    if (idle.length === 0) return { status: 'up', name, subscriptions };
    return { status: 'degraded', name, message: `On this node subscription ${idle.join(', ')}.`, subscriptions };
  }

  private storeUp(): PartHealth {
    const { name, durable } = this.store.capabilities;
    return { status: 'up', name, durable };
  }

  /** Data at risk is no reason to take the node out: it is shown, and the store works. */
  private withWarnings(up: PartHealth): PartHealth {
    const warnings = this.store.warnings?.() ?? [];
    return warnings.length === 0 ? up : { ...up, warnings };
  }

  private async parkedHealth(): Promise<PartHealth> {
    const up = this.storeUp();
    if (!this.processes || this.options.parked === 'ignore') return up;
    const parked = await withTimeLimit(countParked(this.processes), this.options.timeout, 'The list of processes');
    const total = Object.values(parked).reduce((sum, count) => sum + count, 0);
    if (total <= this.options.maxParked) return total === 0 ? up : { ...up, parked };
    const message = `${total} process(es) wait for a decision. List them with GET /processes?status=…, then retry or cancel them.`;
    return { ...up, status: this.options.parked, message, parked };
  }
}
