import { ReplyInterruptedError } from './microservice.errors.js';

const { setTimeout, clearTimeout } = globalThis;

/** The caller is to give up by itself, with an error of its own: an answer that is on its way still counts. Milliseconds. */
const MARGIN = 500;

/**
 * The signal of a request's method: aborted with that of the transport, and when the caller has stopped waiting for the
 * first reply, which no broker tells us. Without that, an observable that never emits would run as long as the node does.
 */
export class CallerSignal {
  private readonly controller = new AbortController();
  private readonly timer: NodeJS.Timeout | undefined;

  /** @param patience milliseconds, as the header has it; anything else is a caller whose patience is not known */
  constructor(
    private readonly transport: AbortSignal,
    patience: string | undefined,
  ) {
    const limit = Number(patience);
    if (limit > 0 && limit < 2 ** 30) this.timer = setTimeout(this.late, limit + MARGIN).unref();
    if (transport.aborted) this.abort();
    else transport.addEventListener('abort', this.abort, { once: true });
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** The caller has a reply; whether it still wants the others it says by asking for them. */
  answered(): void {
    clearTimeout(this.timer);
  }

  /** The method has ended. */
  end(): void {
    clearTimeout(this.timer);
    this.transport.removeEventListener('abort', this.abort);
  }

  private readonly abort = (): void => this.controller.abort(this.transport.reason);

  private readonly late = (): void =>
    this.controller.abort(new ReplyInterruptedError('its caller does not wait any longer'));
}
