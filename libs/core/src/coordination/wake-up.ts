import { timer } from './turns.js';

/** Waits for a call that may come before one waits: it is not lost then. */
export class WakeUp {
  private isDue = false;
  private resume: (() => void) | undefined;

  /** Ends the wait of now, or the next one at once. */
  readonly call = (): void => {
    this.isDue = true;
    this.resume?.();
  };

  /** Until called, for `ms` milliseconds at most, or until the signal is aborted; it then throws the signal's reason. */
  async wait(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (!this.isDue) await this.sleep(ms, signal);
    this.isDue = false;
    signal?.throwIfAborted();
  }

  private async sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
    let limit: NodeJS.Timeout | undefined;
    try {
      await new Promise<void>((resolve) => {
        this.resume = resolve;
        limit = timer(resolve, ms);
        signal?.addEventListener('abort', this.call, { once: true });
      });
    } finally {
      this.resume = undefined;
      clearTimeout(limit);
      signal?.removeEventListener('abort', this.call);
    }
  }
}
