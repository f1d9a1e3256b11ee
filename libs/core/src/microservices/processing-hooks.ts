import type { LoggerService } from '@nestjs/common';
import type { BaseRpcContext } from '@nestjs/microservices';

/** `Server.runWithProcessingHooks`. */
export type RunWithHooks = (context: BaseRpcContext, work: (end: () => void) => Promise<void>) => unknown;

/**
 * Runs work between the hooks of the server (`setOnProcessingStartHook`, `setOnProcessingEndHook`) and waits for it.
 * Nest's own way waits for what the start hook returns, and a hook need not return anything: an event would be
 * acknowledged before it was handled.
 */
export class ProcessingHooks {
  constructor(
    private readonly hooks: RunWithHooks,
    private readonly logger: LoggerService,
  ) {}

  /** @throws what the work throws, or the start hook in place of it */
  run<T>(context: BaseRpcContext, work: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const started = this.hooks(context, async (end) => {
        const outcome = await work().then(
          (value) => () => resolve(value),
          (error: unknown) => () => reject(error),
        );
        this.end(end);
        outcome();
      });
      Promise.resolve(started).catch(reject);
    });
  }

  private end(end: () => void): void {
    try {
      end();
    } catch (error) {
      // The work is done; a hook that closes a span badly must not have it done again.
      this.logger.error(error);
    }
  }
}
