import { Get, Header, Res, ServiceUnavailableException } from '@nestjs/common';
import type { HttpAdapterHost } from '@nestjs/core';
import { HealthCheck, type HealthCheckResult, type HealthCheckService } from '@nestjs/terminus';
import type { CatgaHealthIndicator } from './catga-health.indicator.js';

const NO_CACHE = ['Cache-Control', 'no-cache, no-store, must-revalidate'] as const;

/** The routes of `/health`. Never mounted itself: `createHealthController` makes a subclass for each place. */
export abstract class HealthController {
  constructor(
    private readonly terminus: HealthCheckService,
    private readonly catga: CatgaHealthIndicator,
    private readonly host: HttpAdapterHost,
  ) {}

  /** Everything, for people and monitoring. 503 when a part is down. */
  @Get()
  @HealthCheck()
  health(@Res({ passthrough: true }) response: unknown): Promise<unknown> {
    return this.answer(response, () =>
      this.terminus.check([
        () => this.catga.application(),
        () => this.catga.transport(),
        () => this.catga.eventStore(),
        () => this.catga.processStore(),
        () => this.catga.messageQueue(),
        // An application without projections has nothing to say about them.
        ...(this.catga.hasProjections ? [() => this.catga.projections()] : []),
      ]),
    );
  }

  /**
   * Answers as long as the event loop turns. Looks at nothing else: restarting this process does not bring a store
   * back, and during a shutdown handlers are still being drained.
   */
  @Get('live')
  @Header(...NO_CACHE)
  live(): object {
    const eventLoop = { eventLoop: { status: 'up', uptime: Math.round(process.uptime()) } };
    return { status: 'ok', info: eventLoop, error: {}, details: eventLoop };
  }

  /** Whether requests are welcome: started, not shutting down, the store takes commits. 503 otherwise. */
  @Get('ready')
  @HealthCheck()
  ready(@Res({ passthrough: true }) response: unknown): Promise<unknown> {
    return this.answer(response, () =>
      this.terminus.check([() => this.catga.application(), () => this.catga.eventStore()]),
    );
  }

  /** Terminus throws its result; sent from here, no filter of the application can turn it into another body. */
  private async answer(response: unknown, check: () => Promise<HealthCheckResult>): Promise<unknown> {
    try {
      return await check();
    } catch (error) {
      if (!(error instanceof ServiceUnavailableException)) throw error;
      this.host.httpAdapter.status(response, 503);
      return error.getResponse();
    }
  }
}
