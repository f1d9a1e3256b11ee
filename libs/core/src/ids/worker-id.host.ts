import { Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { Store } from '../store/index.js';
import type { SnowflakeIds } from './snowflake.js';
import { WorkerLease } from './worker-lease.js';

/**
 * Gives {@link SnowflakeIds} its worker id: the configured one, or one leased from a store that outlives this OS process
 * or is shared with others. A store in memory belongs to one OS process, which is worker 0.
 */
export class WorkerIdHost implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger('Catga');
  private lease: WorkerLease | undefined;
  private timer: NodeJS.Timeout | undefined;
  private renewing: Promise<void> = Promise.resolve();

  constructor(
    private readonly ids: SnowflakeIds,
    private readonly store: Store,
  ) {}

  async onModuleInit(): Promise<void> {
    if (this.ids.workerId !== undefined) return;
    const { durable, shared } = this.store.capabilities;
    if (!durable && !shared) this.ids.useRange({ workerId: 0, after: 0, until: Number.POSITIVE_INFINITY });
    else await this.take();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.renewing;
    try {
      await this.lease?.release(this.ids.latest);
    } catch (error) {
      this.logger.warn(
        `Worker id ${this.ids.workerId} was not given back and stays taken for minutes: ${String(error)}`,
      );
    }
    this.lease = undefined;
  }

  private async take(): Promise<void> {
    this.lease = await WorkerLease.take(this.store);
    this.ids.useRange(this.lease.range);
    this.timer ??= setInterval(() => {
      this.renewing = this.renewing.then(() => this.renew());
    }, WorkerLease.renewEvery).unref();
  }

  /** A renewal that fails is tried again next time: the lease lasts for five of them. */
  private async renew(): Promise<void> {
    try {
      if (this.lease === undefined) return;
      if (await this.lease.renew()) this.ids.useRange(this.lease.range);
      else await this.take();
    } catch (error) {
      this.logger.warn(`The lease of worker id ${this.ids.workerId} was not renewed: ${String(error)}`);
    }
  }
}
