import { setTimeout as pause } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Configuration } from '../configuration.js';

/** The other side did not answer, or answered with a 5xx. Whether it did the work is unknown; trying again may help. */
export class GatewayError extends Error {
  readonly code = 'GATEWAY_UNAVAILABLE';
  constructor() {
    super('The gateway did not answer (SAMPLE_GATEWAY_FAILURE_RATE makes it so).');
    this.name = 'GatewayError';
  }
}

/**
 * Stands for the network to a bank, a carrier, a mail server: slow and unreliable as configured. Half of the trouble
 * comes before the work and half after it, when the work is done and only the answer is lost: the case for which
 * there are idempotency keys.
 */
@Injectable()
export class Gateway {
  /** Chance that one of the two ways fails, so that both together fail at the configured rate. */
  private readonly lossRate: number;
  private readonly delay: number;

  constructor(configuration: Configuration) {
    this.lossRate = 1 - Math.sqrt(1 - configuration.gatewayFailureRate);
    this.delay = configuration.gatewayDelay / 2;
  }

  /**
   * Does `work` on the other side.
   *
   * @param signal aborted when nobody waits any more: work that has not begun then does not begin.
   * @throws {GatewayError}
   */
  async call<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    await this.travel(signal);
    const answer = await work();
    await this.travel(signal);
    return answer;
  }

  private async travel(signal: AbortSignal): Promise<void> {
    if (this.delay > 0) await pause(this.delay, undefined, { signal });
    signal.throwIfAborted();
    if (Math.random() < this.lossRate) throw new GatewayError();
  }
}
