import type { HandlerContext } from '../messages/index.js';

/**
 * The signal of one attempt: aborted with the caller's, or on its own. It is made only when somebody asks for it, because
 * that takes 3 µs and most handlers never look.
 */
export class AttemptSignal {
  private controller: AbortController | undefined;
  private parent: AbortSignal | undefined;
  private aborted: { readonly reason: unknown } | undefined;

  constructor(private readonly context: HandlerContext) {}

  /** The signal, made now if need be. */
  readonly get = (): AbortSignal => {
    if (this.controller === undefined) {
      this.controller = new AbortController();
      this.parent = this.context.signal;
      if (this.aborted !== undefined) this.controller.abort(this.aborted.reason);
      else if (this.parent.aborted) this.controller.abort(this.parent.reason);
      else this.parent.addEventListener('abort', this.follow, { once: true });
    }
    return this.controller.signal;
  };

  abort(reason: unknown): void {
    this.aborted = { reason };
    this.controller?.abort(reason);
    this.release();
  }

  /** Lets go of the caller's signal, which may live as long as the application. */
  release(): void {
    this.parent?.removeEventListener('abort', this.follow);
  }

  private readonly follow = (): void => this.controller?.abort(this.parent?.reason);
}
