import type { Store } from '../../store/index.js';

/** Rings when something was appended to a stream; looks by itself now and then, in case another process did not tell. */
export class Bell {
  private ring: (() => void) | undefined;
  private hasRung = false;
  private readonly timer: NodeJS.Timeout;
  private readonly unlisten: () => void;
  private readonly onAbort = (): void => this.strike();

  constructor(
    store: Store,
    stream: string,
    private readonly signal: AbortSignal | undefined,
  ) {
    this.unlisten = store.onCommit(({ streams }) => {
      if (!streams || streams.includes(stream)) this.strike();
    });
    this.timer = setInterval(() => this.strike(), 2_000);
    this.timer.unref();
    signal?.addEventListener('abort', this.onAbort);
  }

  reset(): void {
    this.hasRung = false;
  }

  rung(): Promise<void> {
    return this.hasRung || this.signal?.aborted
      ? Promise.resolve()
      : new Promise((resolve) => {
          this.ring = resolve;
        });
  }

  close(): void {
    clearInterval(this.timer);
    this.unlisten();
    this.signal?.removeEventListener('abort', this.onAbort);
  }

  private strike(): void {
    this.hasRung = true;
    this.ring?.();
    this.ring = undefined;
  }
}
