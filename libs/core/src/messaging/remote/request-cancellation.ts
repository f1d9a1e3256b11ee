import type { IncomingMessage } from '../../transport/index.js';

/** Where callers say that they no longer wait. QoS 0: a node that misses it works in vain, nothing worse. */
export const CANCEL_SUBJECT = 'catga.cancel';

/**
 * Milliseconds after the caller's time at which a handler is aborted here. Callers say so themselves when they give up;
 * this is for those that cannot any more. Not at once: the caller should see its own time-out, not ours.
 */
const GRACE = 1_000;

/** A request that is being handled here. */
export interface RunningRequest {
  readonly signal: AbortSignal;
  end(): void;
}

/** Aborts the handlers of requests whose callers gave up or whose time is over. */
export class RequestCancellation {
  private readonly running = new Map<string, AbortController>();

  /**
   * @param timeout milliseconds that the caller waits; undefined when it did not say
   * @param transportSignal aborted when the transport gives up
   */
  begin(id: string, timeout: number | undefined, transportSignal: AbortSignal): RunningRequest {
    const abort = new AbortController();
    const giveUp = (): void => abort.abort(transportSignal.reason);
    transportSignal.addEventListener('abort', giveUp, { once: true });
    if (transportSignal.aborted) giveUp();
    const late = (): void => abort.abort(new DOMException('The caller waits no longer.', 'TimeoutError'));
    const timer = timeout === undefined ? undefined : setTimeout(late, Math.min(timeout + GRACE, 2 ** 31 - 1));
    timer?.unref();
    this.running.set(id, abort);
    const end = (): void => {
      clearTimeout(timer);
      transportSignal.removeEventListener('abort', giveUp);
      if (this.running.get(id) === abort) this.running.delete(id);
    };
    return { signal: abort.signal, end };
  }

  /** A message for {@link CANCEL_SUBJECT}. */
  cancel({ body }: IncomingMessage): void {
    this.running.get(String(body))?.abort(new DOMException('The caller has given up.', 'AbortError'));
  }
}
