import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { PartHealth } from './health-parts.js';

/** Where the application is in its life: work is only welcome between bootstrap and shutdown. */
@Injectable()
export class ApplicationState implements OnApplicationBootstrap, OnModuleDestroy {
  private state: 'starting' | 'running' | 'shutting down' = 'starting';

  /** Every module has been initialised by now, so all handlers and processes are registered. */
  onApplicationBootstrap(): void {
    this.state = 'running';
  }

  /** The first sign of a shutdown, long before the HTTP server closes: load balancers need the time. */
  onModuleDestroy(): void {
    this.state = 'shutting down';
  }

  health(): PartHealth {
    if (this.state === 'running') return { status: 'up' };
    return { status: 'down', message: `The application is ${this.state}.` };
  }
}
